; What interrupts cost, for tests/bench/irqchip: a guest that times loops by the
; time stamp counter and writes each result to COM1, as "NAME 0xTICKS".

%define LOOPS 2000
%define SPINS 4000000
%define PERIOD 1193             ; 8254 clocks: a millisecond

%macro OUT_BYTE 2
        mov     al, %2
        out     %1, al
%endmacro

%macro TIME 1                   ; what follows, until TOLD
        mov     si, %%name - 0x200
        call    begin
        jmp     %%start
%%name: db      %1, 0
%%start:
%endmacro

        cli
        mov     ax, cs
        mov     ds, ax
        push    word 0
        pop     es
        mov     word [es:0x20 * 4], tick - 0x200
        mov     [es:0x20 * 4 + 2], cs
        mov     word [es:0x24 * 4], serial - 0x200
        mov     [es:0x24 * 4 + 2], cs
        mov     bl, 3           ; with automatic EOI
        call    start_pic
        mov     dx, 0x3fc       ; OUT2
        OUT_BYTE dx, 8

; ---- an OUT to the 8259 ----
        TIME    "eoi"
        mov     cx, LOOPS
.eoi:   OUT_BYTE 0x20, 0x20
        loop    .eoi
        call    told

; ---- the serial port's line rises and falls, masked; then as interrupts ----
        OUT_BYTE 0x21, 0xff
        TIME    "line"
        call    lines
        call    told
        OUT_BYTE 0x21, 0xef
        sti
        TIME    "interrupt"
        call    lines
        call    told
        cli

; ---- the same work, alone, and with a tick each millisecond ----
        mov     bl, 1
        call    start_pic
        OUT_BYTE 0x21, 0xff
        TIME    "alone"
        call    spin
        call    told
        mov     dword [ticks - 0x200], 0
        OUT_BYTE 0x43, 0x34
        OUT_BYTE 0x40, PERIOD & 0xff
        OUT_BYTE 0x40, PERIOD >> 8
        OUT_BYTE 0x21, 0xfe
        sti
        TIME    "ticking"
        call    spin
        call    told
        cli
        mov     si, ticks_name - 0x200
        mov     eax, [ticks - 0x200]
        call    tell
        OUT_BYTE 0x64, 0xfe     ; reset: nobody waits for the end
        hlt

lines:  mov     cx, LOOPS
.next:  mov     dx, 0x3f9
        OUT_BYTE dx, 2          ; IER: the transmitter is empty, and says so
        nop                     ; here the interrupt comes
        OUT_BYTE dx, 0          ; and here the line falls
        loop    .next
        ret

spin:   mov     ecx, SPINS
.next:  dec     ecx
        jnz     .next
        ret

serial: iret

tick:   push    ax
        inc     dword [cs:ticks - 0x200]
        OUT_BYTE 0x20, 0x20
        pop     ax
        iret

start_pic:
        OUT_BYTE 0x20, 0x11
        OUT_BYTE 0x21, 0x20
        OUT_BYTE 0x21, 4
        OUT_BYTE 0x21, bl
        OUT_BYTE 0x21, 0xff
        ret

begin:  rdtsc
        mov     [started - 0x200], eax
        ret

told:   rdtsc
        sub     eax, [started - 0x200]
tell:   push    eax             ; name at SI, and EAX in hexadecimal
        mov     dx, 0x3f8
.name:  lodsb
        test    al, al
        jz      .number
        out     dx, al
        jmp     .name
.number:
        OUT_BYTE dx, ' '
        OUT_BYTE dx, '0'
        OUT_BYTE dx, 'x'
        pop     ebx
        mov     cx, 8
.digit: rol     ebx, 4
        mov     al, bl
        and     al, 15
        add     al, '0'
        cmp     al, '9'
        jbe     .put
        add     al, 'a' - '9' - 1
.put:   out     dx, al
        loop    .digit
        OUT_BYTE dx, 10
        ret

started:        dd      0
ticks:          dd      0
ticks_name:     db      "ticks", 0
