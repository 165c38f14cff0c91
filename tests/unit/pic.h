/* The two 8259s with a CPU of the tests' own. */
#ifndef PIC_H
#define PIC_H

#include "test.h"

#include "i8259.h"

/* ICWs as Linux writes them, and others that tests want */
#define ICW1	    0x11 /* two chips, edges, ICW4 comes */
#define ICW1_LEVEL  0x08
#define ICW1_SINGLE 0x02
#define ICW1_IC4    0x01
#define ICW4_8086   0x01
#define ICW4_AEOI   0x02
#define ICW4_SFNM   0x10
#define MASTER_BASE 0x30
#define SLAVE_BASE  0x38
#define CASCADE	    (1 << 2) /* the slave's place, as the master's ICW3 */
#define CASCADE_ID  2 /* ... and as its own */
#define COMMAND	    0
#define DATA	    1

/* OCWs; a line's number is added. */
#define EOI		0x20
#define SPECIFIC_EOI	0x60
#define ROTATE_EOI	0xa0
#define ROTATE_AEOI	0x80
#define NO_ROTATE_AEOI	0x00
#define ROTATE_SPECIFIC 0xe0
#define SET_PRIORITY	0xc0
#define READ_IRR	0x0a
#define READ_ISR	0x0b
#define POLL		0x0c
#define SPECIAL_MASK	0x68
#define NO_SPECIAL_MASK 0x48

#define NONE -1

extern struct i8259 pic;

/* The level of the line to the CPU, and how often it has risen */
extern bool cpu_line;
extern unsigned int cpu_edges;

void out(uint16_t port, uint8_t value);
uint8_t in(uint16_t port);

/* What the trace would say of the last access. */
const char *described(uint16_t port, bool is_write, uint8_t value);

/* Both chips new, as when the power comes on. */
int power_on(void **state);

/* ... and set up as a PC has them, with these words for both */
void pic_start(uint8_t icw1, uint8_t icw4);
int pic_setup(void **state);

void irq(uint32_t number, bool level);
void pulse(uint32_t number); /* down and up: high in the end */

/* What a CPU does: the IRQ that it gets, or NONE if its line is low. */
int take(void);

#endif
