/*
 * What this machine has, for the guest's ACPI interpreter: run through the C
 * preprocessor and compiled by iasl.  ACPI 6.4, 19, is the language.
 *
 * iasl wants plain numbers here.  acpi.c checks that they are those of the code.
 */

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

		Device (PCI0) {
			Name (_HID, EisaId ("PNP0A03")) /* a PCI bus */
			Name (_CRS, ResourceTemplate () {
				/* It is bus 0, and there are no bridges. */
				WordBusNumber (ResourceProducer, MinFixed,
					MaxFixed, PosDecode, 0, 0, 0, 0, 1)
				IO (Decode16, 0xcf8, 0xcf8, 1, 8)
				DWordMemory (ResourceProducer, PosDecode,
					MinFixed, MaxFixed, NonCacheable,
					ReadWrite, 0, 0xc0000000, 0xcfffffff,
					0, 0x10000000)
				QWordMemory (ResourceProducer, PosDecode,
					MinFixed, MaxFixed, NonCacheable,
					ReadWrite, 0, 0x4000000000,
					0x40ffffffff, 0, 0x100000000)
			})
		}

		/* Its configuration space is nobody else's memory. */
		Device (ECAM) {
			Name (_HID, EisaId ("PNP0C02"))
			Name (_CRS, ResourceTemplate () {
				Memory32Fixed (ReadWrite, 0xe0000000, 0x100000)
			})
		}
	}
}
