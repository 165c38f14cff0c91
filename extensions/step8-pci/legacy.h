/*
 * What drivers look for at a PC's fixed ports, and do not find here: a keyboard
 * controller and a clock, with just the answers that tell so at once.  By the
 * first of them, as by the chipset's reset control, a PC is reset; here that
 * ends the machine.
 */
#ifndef LEGACY_H
#define LEGACY_H

#include "bus.h"

void legacy_add(struct bus *ports);

#endif
