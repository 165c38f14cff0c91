/*
 * What this machine has, for the guest's ACPI interpreter: run through the C
 * preprocessor and compiled by iasl.  ACPI 6.4, 19, is the language.
 *
 * iasl wants plain numbers here.  acpi.c checks that they are those of the code.
 */

/* The transport of one virtio device: its page of registers, its interrupt */
#define VIRTIO_SLOT(SLOT, GSI)                                            \
	Device (VIO ## SLOT) {                                            \
		Name (_HID, "LNRO0005") /* by which Linux knows it */     \
		Name (_UID, SLOT)                                         \
		Name (_CCA, One)                                          \
		Name (_CRS, ResourceTemplate () {                         \
			Memory32Fixed (ReadWrite, 0xd000 ## SLOT ## 000,  \
				0x1000)                                   \
			Interrupt (ResourceConsumer, Edge, ActiveHigh,    \
				Exclusive) { GSI }                        \
		})                                                        \
	}

DefinitionBlock ("", "DSDT", 2, "MINVMM", "MINVMM  ", 1)
{
	/* Soft off: what SLP_TYP is for it (7.4.2.6) */
	Name (_S5, Package () { 5, 0 })

	Scope (\_SB)
	{
		Device (COM1) {
			Name (_HID, EisaId ("PNP0501")) /* a 16550A */
			Name (_UID, Zero)
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, 0x3f8, 0x3f8, 1, 8)
				IRQNoFlags () { 4 }
			})
		}

		VIRTIO_SLOT (0, 16)
		VIRTIO_SLOT (1, 17)
		VIRTIO_SLOT (2, 18)
		VIRTIO_SLOT (3, 19)
		VIRTIO_SLOT (4, 20)
		VIRTIO_SLOT (5, 21)
		VIRTIO_SLOT (6, 22)
		VIRTIO_SLOT (7, 23)
	}
}
