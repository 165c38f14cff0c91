/* The sectors from which on preload/faults.c makes a kind of fault. */
#ifndef FAULT_PLACES_H
#define FAULT_PLACES_H

#define SECTOR	   512
#define PLACE_SIZE 100

#define PLACE_ERROR    2000 /* EIO */
#define PLACE_FULL     2100 /* ENOSPC for writes */
#define PLACE_SHORT    2200 /* at most 100 bytes at a time */
#define PLACE_HALF     2400 /* the first sector, then EIO */
#define PLACE_NO_FLUSH 2500 /* a write, after which fdatasync() fails */
#define PLACE_END      2600 /* the end of the file */

/* Up to here files may be written where tests/guest.bats sets a limit. */
#define PLACE_LIMIT 4096

#endif
