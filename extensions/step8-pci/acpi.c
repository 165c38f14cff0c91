#include "acpi.h"

#include "die.h"
#include "memory-map.h"
#include "power.h"
#include "serial.h"
#include "topology.h"

#include <stddef.h>
#include <string.h>

/* dsdt.asl, compiled */
extern const uint8_t _binary_dsdt_aml_start[], _binary_dsdt_aml_end[];

/* The numbers that dsdt.asl has, too */
_Static_assert(PCI_WINDOW_GPA == 0xc0000000 && PCI_WINDOW_SIZE == 0x10000000 &&
		       PCI_HIGH_GPA == 0x4000000000 &&
		       PCI_HIGH_SIZE == 0x100000000,
	       "the windows of PCI");
_Static_assert(PCI_ECAM_GPA == 0xe0000000 && PCI_ECAM_SIZE == 0x100000, "ECAM");
_Static_assert(SERIAL_COM1 == 0x3f8 && SERIAL_COM1_IRQ == 4, "COM1");
_Static_assert(POWER_OFF_TYPE == 5, "_S5");

/* ACPI 6.4's revisions of the tables (5.2.5 to 5.2.12) */
#define RSDP_REVISION 2
#define XSDT_REVISION 1
#define FADT_REVISION 6
#define FADT_MINOR    4
#define FACS_VERSION  2
#define MADT_REVISION 5
#define MCFG_REVISION 1 /* PCI Firmware Specification 3.0, 4.1.2 */

#define PACKED __attribute__((packed))

/* ACPI 6.4, 5.2.6: what every table begins with */
struct header {
	char signature[4];
	uint32_t length; /* bytes, this header included */
	uint8_t revision;
	uint8_t checksum; /* makes the sum of all bytes 0 */
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} PACKED;

/* 5.2.5.3: what the operating system looks for */
struct rsdp {
	char signature[8];
	uint8_t checksum; /* of the first 20 bytes */
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt_gpa;
	uint32_t length;
	uint64_t xsdt_gpa;
	uint8_t extended_checksum; /* of all */
	uint8_t reserved[3];
} PACKED;

#define RSDP_OLD_SIZE 20

/* 5.2.3.2: the address of a register */
struct gas {
	uint8_t space;
	uint8_t bits, offset;
	uint8_t access;
	uint64_t address;
} PACKED;

#define SPACE_PORTS  1
#define ACCESS_BYTES 1
#define ACCESS_WORDS 2

/* 5.2.9, by its names; what is not set is not there */
struct fadt {
	struct header header;
	uint32_t firmware_ctrl, dsdt;
	uint8_t reserved, preferred_pm_profile;
	uint16_t sci_int;
	uint32_t smi_cmd;
	uint8_t acpi_enable, acpi_disable, s4bios_req, pstate_cnt;
	uint32_t pm1a_evt_blk, pm1b_evt_blk, pm1a_cnt_blk, pm1b_cnt_blk;
	uint32_t pm2_cnt_blk, pm_tmr_blk, gpe0_blk, gpe1_blk;
	uint8_t pm1_evt_len, pm1_cnt_len, pm2_cnt_len, pm_tmr_len;
	uint8_t gpe0_blk_len, gpe1_blk_len, gpe1_base, cst_cnt;
	uint16_t p_lvl2_lat, p_lvl3_lat, flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alrm, mon_alrm, century;
	uint16_t iapc_boot_arch;
	uint8_t reserved2;
	uint32_t flags;
	struct gas reset_reg;
	uint8_t reset_value;
	uint16_t arm_boot_arch;
	uint8_t minor_version;
	uint64_t x_firmware_ctrl, x_dsdt;
	struct gas x_pm1a_evt_blk, x_pm1b_evt_blk, x_pm1a_cnt_blk;
	struct gas x_pm1b_cnt_blk, x_pm2_cnt_blk, x_pm_tmr_blk;
	struct gas x_gpe0_blk, x_gpe1_blk;
	struct gas sleep_control_reg, sleep_status_reg;
	uint64_t hypervisor_vendor_id;
} PACKED;

/* 5.2.9, "Fixed Feature Flags", and 5.2.9.3, "IA-PC Boot Architecture Flags" */
#define FADT_WBINVD	     (1 << 0)
#define FADT_C1		     (1 << 2)
#define FADT_NO_SLEEP_BUTTON (1 << 5)
#define FADT_NO_RTC_WAKE     (1 << 6) /* not in PM1 status */
#define FADT_RESET_REG	     (1 << 10)
#define BOOT_NO_VGA	     (1 << 2)
#define BOOT_NO_RTC	     (1 << 5)
#define NO_C2		     101 /* microseconds: more than 100 is none */
#define NO_C3		     1001

/* The reset control register that legacy.c has, and the reset */
#define RESET_CONTROL 0xcf9
#define RESET_CPU     0x06

/* 5.2.10: for what sleeps, and wakes up again; nothing here does. */
struct facs {
	char signature[4];
	uint32_t length;
	uint8_t unused[24];
	uint8_t version;
	uint8_t reserved[31];
} PACKED;

/* 5.2.12: who there is to take interrupts */
struct madt {
	struct header header;
	uint32_t local_apic_gpa;
	uint32_t flags;
	struct madt_io_apic {
		uint8_t type, length;
		uint8_t id, reserved;
		uint32_t gpa, first_gsi;
	} PACKED io_apic;
	struct madt_override {
		uint8_t type, length;
		uint8_t bus, irq;
		uint32_t gsi;
		uint16_t flags;
	} PACKED sci;
	struct madt_local_apic {
		uint8_t type, length;
		uint8_t uid, apic_id;
		uint32_t flags;
	} PACKED cpus[ACPI_MAX_CPUS]; /* as many as there are */
} PACKED;

/* Types of its entries, and flags (5.2.12, 5.2.12.2 and 5.2.12.5) */
#define LOCAL_APIC	0
#define IO_APIC		1
#define SOURCE_OVERRIDE 2
#define PCAT_COMPAT	(1 << 0) /* there are two 8259s as well */
#define CPU_ENABLED	(1 << 0)
#define ACTIVE_HIGH	(1 << 0)
#define LEVEL_TRIGGERED (3 << 2)

/* PCI Firmware Specification 3.0, 4.1.2: where configuration space is */
struct mcfg {
	struct header header;
	uint8_t reserved[8];
	uint64_t ecam_gpa;
	uint16_t segment;
	uint8_t first_bus, last_bus;
	uint8_t reserved2[4];
} PACKED;

/*
 * Where KVM's APICs are: Intel SDM vol. 3A, "Local APIC Status and Location",
 * and 82093AA, 3.0
 */
#define LOCAL_APIC_GPA 0xfee00000
#define IO_APIC_GPA    0xfec00000

/* The areas of the tables: far from each other, and aligned as the FACS wants */
#define XSDT_GPA (ACPI_GPA + 0x100)
#define FADT_GPA (ACPI_GPA + 0x200)
#define FACS_GPA (ACPI_GPA + 0x400)
#define MCFG_GPA (ACPI_GPA + 0x480)
#define MADT_GPA (ACPI_GPA + 0x500)
#define DSDT_GPA (ACPI_GPA + 0x1000)
_Static_assert(MCFG_GPA + sizeof(struct mcfg) <= MADT_GPA, "the MCFG's room");
_Static_assert(MADT_GPA + sizeof(struct madt) <= DSDT_GPA, "the MADT's room");

static uint8_t checksum(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += bytes[i];
	return -sum;
}

/* Fills in the header of a table of this size, and loads it. */
static void load(const struct memory *memory, uint64_t gpa, void *table,
		 size_t size, const char *signature, uint8_t revision)
{
	struct header *header = table;

	memcpy(header->signature, signature, sizeof(header->signature));
	header->length = (uint32_t)size;
	header->revision = revision;
	memcpy(header->oem_id, "MINVMM", sizeof(header->oem_id));
	memcpy(header->oem_table_id, "MINVMM  ", sizeof(header->oem_table_id));
	header->oem_revision = 1;
	memcpy(header->creator_id, "MVMM", sizeof(header->creator_id));
	header->creator_revision = 1;
	header->checksum = 0;
	header->checksum = checksum(table, size);
	memory_load(memory, gpa, table, size);
}

static struct gas port(uint16_t number, uint8_t size, uint8_t access)
{
	return (struct gas){
		.space = SPACE_PORTS,
		.bits = size * 8,
		.access = access,
		.address = number,
	};
}

static void load_fadt(const struct memory *memory)
{
	struct fadt fadt = {
		.firmware_ctrl = FACS_GPA,
		.dsdt = DSDT_GPA,
		.x_dsdt = DSDT_GPA,
		.sci_int = POWER_SCI,
		.pm1a_evt_blk = POWER_EVENT,
		.pm1_evt_len = POWER_EVENT_SIZE,
		.pm1a_cnt_blk = POWER_CONTROL,
		.pm1_cnt_len = POWER_CONTROL_SIZE,
		.x_pm1a_evt_blk =
			port(POWER_EVENT, POWER_EVENT_SIZE, ACCESS_WORDS),
		.x_pm1a_cnt_blk =
			port(POWER_CONTROL, POWER_CONTROL_SIZE, ACCESS_WORDS),
		.p_lvl2_lat = NO_C2,
		.p_lvl3_lat = NO_C3,
		.iapc_boot_arch = BOOT_NO_VGA | BOOT_NO_RTC,
		.flags = FADT_WBINVD | FADT_C1 | FADT_NO_SLEEP_BUTTON |
			 FADT_NO_RTC_WAKE | FADT_RESET_REG,
		.reset_reg = port(RESET_CONTROL, 1, ACCESS_BYTES),
		.reset_value = RESET_CPU,
		.minor_version = FADT_MINOR,
	};

	load(memory, FADT_GPA, &fadt, sizeof(fadt), "FACP", FADT_REVISION);
}

static void load_madt(const struct memory *memory, uint32_t cpu_count)
{
	struct madt madt = {
		.local_apic_gpa = LOCAL_APIC_GPA,
		.flags = PCAT_COMPAT,
		.io_apic = { IO_APIC, sizeof(madt.io_apic),
			     .gpa = IO_APIC_GPA },
		.sci = { SOURCE_OVERRIDE, sizeof(madt.sci), .irq = POWER_SCI,
			 .gsi = POWER_SCI,
			 .flags = ACTIVE_HIGH | LEVEL_TRIGGERED },
	};

	for (uint32_t i = 0; i < cpu_count; i++)
		madt.cpus[i] = (struct madt_local_apic){
			.type = LOCAL_APIC,
			.length = sizeof(madt.cpus[i]),
			.uid = (uint8_t)i,
			.apic_id = (uint8_t)i,
			.flags = CPU_ENABLED,
		};
	load(memory, MADT_GPA, &madt, offsetof(struct madt, cpus[cpu_count]),
	     "APIC", MADT_REVISION);
}

static void load_mcfg(const struct memory *memory)
{
	struct mcfg mcfg = { .ecam_gpa = PCI_ECAM_GPA };

	load(memory, MCFG_GPA, &mcfg, sizeof(mcfg), "MCFG", MCFG_REVISION);
}

static void load_dsdt(const struct memory *memory)
{
	size_t size = (size_t)(_binary_dsdt_aml_end - _binary_dsdt_aml_start);

	if (DSDT_GPA + size > RESET_GPA)
		die("the DSDT of %zu bytes does not fit", size);
	/* iasl has made its header. */
	memory_load(memory, DSDT_GPA, _binary_dsdt_aml_start, size);
}

void acpi_load(const struct memory *memory, uint32_t cpu_count)
{
	struct facs facs = {
		.signature = "FACS",
		.length = sizeof(facs),
		.version = FACS_VERSION,
	};
	struct {
		struct header header;
		uint64_t gpas[3];
	} PACKED xsdt = { .gpas = { FADT_GPA, MADT_GPA, MCFG_GPA } };
	struct rsdp rsdp = {
		.signature = "RSD PTR ",
		.oem_id = "MINVMM",
		.revision = RSDP_REVISION,
		.length = sizeof(rsdp),
		.xsdt_gpa = XSDT_GPA,
	};

	memory_load(memory, FACS_GPA, &facs, sizeof(facs));
	load_dsdt(memory);
	load_fadt(memory);
	load_madt(memory, cpu_count);
	load_mcfg(memory);
	load(memory, XSDT_GPA, &xsdt, sizeof(xsdt), "XSDT", XSDT_REVISION);
	rsdp.checksum = checksum(&rsdp, RSDP_OLD_SIZE);
	rsdp.extended_checksum = checksum(&rsdp, sizeof(rsdp));
	memory_load(memory, ACPI_GPA, &rsdp, sizeof(rsdp));
}
