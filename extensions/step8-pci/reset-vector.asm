; What there is of a BIOS's entry: who jumps to it wants a reset.

        bits    16

I8042_COMMAND   equ     0x64
I8042_RESET     equ     0xfe

        mov     al, I8042_RESET
        out     I8042_COMMAND, al
