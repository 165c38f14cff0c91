; The guest: writes a line to the serial port and halts.
; It runs in 16-bit real mode, at guest-physical address 0.

        bits    16
        org     0

COM1    equ     0x3f8           ; the first serial port's data register

        mov     dx, COM1
        mov     si, message
.next:  lodsb                   ; AL = the next character
        test    al, al
        jz      .end
        out     dx, al          ; an exit to the VMM
        jmp     .next
.end:   hlt                     ; the last exit: with IF = 0 nothing wakes it

message db      "Hello, world!", 10, 0
