; What a kernel finds at its 64-bit entry, told on the serial port as lines of a
; name and a hexadecimal number (tests/step4-long-mode.bats).

; %1, and what is in RAX
%macro  SAY 1
        push    rsi
        lea     rsi, [%%name]
        call    say
        pop     rsi
        jmp     %%end
%%name  db      %1, " ", 0
%%end:
%endmacro

%macro  SAY 2
        mov     rax, %2
        SAY     %1
%endmacro

EFER    equ     0xc0000080

        mov     [saved_rsp], rsp
        mov     rsp, 0x90000
        pushfq
        pop     rax
        cld
        SAY     "rflags"
        SAY     "rsi", rsi
        xor     eax, eax
        mov     ax, cs
        SAY     "cs"
        mov     ax, ds
        SAY     "ds"
        mov     ax, es
        SAY     "es"
        mov     ax, fs
        SAY     "fs"
        mov     ax, gs
        SAY     "gs"
        mov     ax, ss
        SAY     "ss"
        SAY     "cr0", cr0
        SAY     "cr3", cr3
        SAY     "cr4", cr4
        mov     ecx, EFER
        rdmsr
        SAY     "efer"
        sgdt    [gdtr]
        movzx   eax, word [gdtr]
        SAY     "gdt-limit"
        mov     rbx, [gdtr + 2]
        SAY     "gdt", rbx
        SAY     "gdt-10", [rbx + 0x10]
        SAY     "gdt-18", [rbx + 0x18]

; The code segment can be loaded again, which reads the GDT.
        push    0x10
        lea     rax, [.again]
        push    rax
        retfq
.again: mov     eax, 0x18
        mov     ss, ax
        mov     ds, ax

; Each 2 MiB page is where its address says, up to the first that is not, or to
; 16 GiB.
        xor     rbx, rbx
.page:  mov     rdi, cr3
        mov     rcx, 39
        call    next_level
        mov     rcx, 30
        call    next_level
        mov     rcx, 21
        test    al, 1 << 7              ; a page of 1 GiB
        jnz     .gib
        call    next_level
        jmp     .is_it
.gib:   mov     rax, rbx
        and     eax, (1 << 30) - 1
        or      rdi, rax
.is_it: cmp     rdi, rbx
        jne     .all
        add     rbx, 0x200000
        bt      rbx, 34
        jnc     .page
.all:   SAY     "one-to-one", rbx

; The zero page (Documentation/x86/zero-page.rst)
        movzx   eax, byte [rsi + 0x210]
        SAY     "loader"
        mov     eax, [rsi + 0xc0]
        shl     rax, 32
        mov     ecx, [rsi + 0x218]
        or      rax, rcx
        SAY     "initramfs"
        mov     eax, [rsi + 0xc4]
        shl     rax, 32
        mov     ecx, [rsi + 0x21c]
        or      rax, rcx
        SAY     "initramfs-size"
        movzx   r12d, byte [rsi + 0x1e8]
        lea     r13, [rsi + 0x2d0]
.e820:  test    r12d, r12d
        jz      .end
        SAY     "e820", [r13]
        mov     rax, [r13]
        add     rax, [r13 + 8]
        SAY     "to"
        mov     eax, [r13 + 16]
        SAY     "type"
        add     r13, 20
        dec     r12d
        jmp     .e820
.end:   SAY     "rsp", [saved_rsp]
        mov     ecx, [rsi + 0x228]
        mov     dx, 0x3f8
.text:  mov     al, [rcx]
        test    al, al
        jz      .stop
        out     dx, al
        inc     ecx
        jmp     .text
.stop:  mov     al, 10
        out     dx, al
        mov     al, 0xfe
        out     0x64, al
        hlt

; RDI: a table; becomes where its entry for RBX points, -1 if it is not present.
; RAX: that entry, or 0
next_level:
        mov     rax, rbx
        shr     rax, cl
        and     eax, 511
        cmp     rdi, -1
        je      .absent
        mov     rax, [rdi + rax * 8]
        test    al, 1
        jz      .absent
        mov     rdi, rax
        and     rdi, ~0xfff
        ret
.absent:
        xor     eax, eax
        mov     rdi, -1
        ret

; The text at RSI, RAX in hexadecimal, the end of the line; changes RAX, RCX, RDX
say:    mov     dx, 0x3f8
        mov     rcx, rax
.text:  lodsb
        test    al, al
        jz      .number
        out     dx, al
        jmp     .text
.number:
        mov     rsi, rcx
        mov     ecx, 16
.skip:  cmp     ecx, 1                  ; no leading zeros
        je      .digit
        rol     rsi, 4
        test    sil, 15
        jnz     .first
        dec     ecx
        jmp     .skip
.digit: rol     rsi, 4
.first: mov     eax, esi
        and     al, 15
        add     al, '0'
        cmp     al, '9'
        jbe     .out
        add     al, 'a' - '0' - 10
.out:   out     dx, al
        dec     ecx
        jnz     .digit
        mov     al, 10
        out     dx, al
        ret

saved_rsp dq    0
gdtr    times 10 db 0
