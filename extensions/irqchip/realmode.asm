; The real-mode stub: what the kernel's setup code asks of a BIOS.
; It is loaded at guest-physical address 0, so it begins with the interrupt
; vector table: 256 times offset, segment.

        bits    16
        org     0

COM1            equ     0x3f8           ; transmitter
COM1_MCR        equ     COM1 + 4        ; modem control
MCR_DTR         equ     1 << 0          ; data terminal ready
ZERO_PAGE       equ     0x7000          ; as in memory-map.h
E820_COUNT      equ     ZERO_PAGE + 0x1e8       ; boot_params.e820_entries
E820_TABLE      equ     ZERO_PAGE + 0x2d0       ; boot_params.e820_table
E820_SIZE       equ     20              ; address, length and type
SMAP            equ     0x534d4150      ; "SMAP", the E820 call's signature
CARRY           equ     1 << 0          ; of FLAGS: the call failed

        times 0x10         dw ignore, 0
                           dw video, 0          ; INT 10h
        times 0x15 - 0x11  dw ignore, 0
                           dw system, 0         ; INT 15h
        times 0x100 - 0x16 dw ignore, 0

        times 0x500 - ($ - $$) db 0     ; the BIOS data area: nothing known

; Any other interrupt: return, with the carry flag as it was.  The setup code
; sets it before each call, so this says "not supported".
ignore: iret

; INT 10h, AH = 0Eh: the character AL goes out, unless the kernel has set up
; the serial port for itself; then it writes there besides asking us.
video:  cmp     ah, 0x0e
        jne     ignore
        push    dx
        push    ax
        mov     dx, COM1_MCR
        in      al, dx
        test    al, MCR_DTR
        pop     ax
        jnz     .end
        mov     dx, COM1
        out     dx, al
.end:   pop     dx
        iret

; INT 15h, EAX = E820h: the entry EBX of the memory map goes to ES:DI, and
; EBX becomes the number of the next one, 0 after the last (ACPI 6.4, 15.1).
system: push    bp
        mov     bp, sp                  ; [bp + 6]: the FLAGS for IRET
        or      word [bp + 6], CARRY    ; failed, so far
        cmp     eax, 0xe820
        jne     .fail
        cmp     edx, SMAP
        jne     .fail
        cmp     ecx, E820_SIZE
        jb      .fail
        push    ds
        push    esi
        push    edi
        push    word 0
        pop     ds
        movzx   esi, byte [E820_COUNT]
        cmp     ebx, esi
        jae     .past
        imul    si, bx, E820_SIZE
        add     si, E820_TABLE
        mov     ecx, E820_SIZE
        cld
        rep movsb
        mov     ecx, E820_SIZE
        inc     ebx
        cmp     bl, [E820_COUNT]
        jb      .more
        xor     ebx, ebx
.more:  mov     eax, SMAP
        and     word [bp + 6], ~CARRY
.past:  pop     edi
        pop     esi
        pop     ds
        cmp     eax, SMAP
        je      .end
.fail:  mov     ah, 0x86                ; function not supported
.end:   pop     bp
        iret
