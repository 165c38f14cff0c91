; The guest's setup code: what a loader starts in 16-bit real mode. It notes how
; it was started, asks the BIOS stub everything it can be asked, and goes on by
; way of protected to long mode, where the C code is (at 1 MiB).
;
; KERNEL, SYSSIZE: nasm's -D, the C code's file and its length in paragraphs.

%define SETUP_SECTS 7
%define INIT_SIZE   0x400000
%include "tiny-kernel.inc"

SETUP           equ     0x10000         ; where all this is loaded
FACTS           equ     0x8000          ; from there: struct facts in boot.c
PAGES           equ     0x20000         ; page tables: identity, 6 GiB
GIBS            equ     6
STACK           equ     0x90000
KERNEL_GPA      equ     0x100000
COM1            equ     0x3f8
SMAP            equ     0x534d4150
EFER            equ     0xc0000080

struc facts
.cs             resd 1
.ip             resd 1
.ds             resd 1
.es             resd 1
.fs             resd 1
.gs             resd 1
.ss             resd 1
.sp             resd 1
.flags          resd 1
.cr0            resd 1
.wrong_smap     resd 1                  ; answers: AX, and CF in bit 16
.small_buffer   resd 1
.past_end       resd 1
.e801           resd 1
.ah88           resd 1
.large_buffer   resd 1                  ; the ECX given back
.kept           resd 1                  ; did E820 keep what it should?
.vectors        resd 1                  ; that return, and change nothing
.e820_count     resd 1
.e820           resb 16 * 20
endstruc

%define FACT(name) [FACTS + facts. %+ name]

        mov     FACT(sp), sp
        mov     FACT(cs), cs
        mov     FACT(ds), ds
        mov     FACT(es), es
        mov     FACT(fs), fs
        mov     FACT(gs), gs
        mov     FACT(ss), ss
        call    .here
.here:  pop     ax
        sub     ax, .here - 0x200       ; CS starts at 0x200
        mov     FACT(ip), ax
        pushfd
        pop     dword FACT(flags)
        mov     eax, cr0
        mov     FACT(cr0), eax

; ---- the memory map ----

        mov     di, FACTS + facts.e820
        xor     ebx, ebx
.next:  mov     eax, 0xe820
        mov     edx, SMAP
        mov     ecx, 20
        clc
        int     0x15
        jc      .end
        cmp     eax, SMAP
        jne     .end
        inc     dword FACT(e820_count)
        add     di, 20
        cmp     di, FACTS + facts.e820 + 16 * 20
        jae     .end
        test    ebx, ebx
        jnz     .next
.end:

; What the answer may not change
        mov     eax, 0xe820
        mov     edx, SMAP
        xor     ebx, ebx
        mov     ecx, 24
        mov     esi, 0x11112222
        mov     edi, 0x8e00             ; behind the facts
        mov     ebp, 0x33334444
        std
        int     0x15
        pushfd
        pop     eax
        cld
        mov     FACT(large_buffer), ecx
        test    ax, 1 << 10             ; DF
        jz      .lost
        cmp     esi, 0x11112222
        jne     .lost
        cmp     edi, 0x8e00
        jne     .lost
        cmp     ebp, 0x33334444
        jne     .lost
        cmp     edx, SMAP
        jne     .lost
        cmp     sp, FACT(sp)
        jne     .lost
        mov     word FACT(kept), 1
.lost:

; ---- questions without an answer ----

%macro ASK 5                            ; fact, EAX, EBX, ECX, EDX
        mov     eax, %2
        mov     ebx, %3
        mov     ecx, %4
        mov     edx, %5
        mov     edi, 0x8e00
        clc
        int     0x15
        mov     FACT(%1), ax
        setc    FACT(%1 + 2)
%endmacro
        ASK     wrong_smap, 0xe820, 0, 20, 0x50414d53
        ASK     small_buffer, 0xe820, 0, 19, SMAP
        ASK     past_end, 0xe820, 100, 20, SMAP
        ASK     e801, 0xe801, 0, 0, 0
        ASK     ah88, 0x8800, 0, 0, 0

; ---- all vectors but 15h: they return, the carry flag as it was ----

        xor     cx, cx
.vector:
        mov     [.int + 1], cl
        mov     [.again + 1], cl
        cmp     cl, 0x15
        je      .skip
        mov     eax, 0xff00aa55         ; AH = AAh: no function of any
        mov     ebx, 0x12345678
        clc
.int:   int     0
        jc      .skip
        stc
.again: int     0
        jnc     .skip
        cmp     eax, 0xff00aa55
        jne     .skip
        cmp     ebx, 0x12345678
        jne     .skip
        inc     word FACT(vectors)
.skip:  inc     cl
        jnz     .vector

; ---- a character out, until the serial port is set up ----

        mov     si, text
.char:  lodsb
        mov     ah, 0x0e
        test    al, al
        jz      .said
        int     0x10
        jmp     .char
.said:  mov     dx, COM1 + 3
        mov     al, 0x80                ; LCR: DLAB
        out     dx, al
        mov     dx, COM1
        mov     al, 1                   ; divisor 1: 115200
        out     dx, al
        inc     dx
        mov     al, 0
        out     dx, al
        mov     dx, COM1 + 3
        mov     al, 3                   ; 8N1
        out     dx, al
        inc     dx
        out     dx, al                  ; MCR: DTR and RTS
        mov     ax, 0x0e00 + '!'        ; is no longer shown
        int     0x10

; ---- protected mode, then long mode ----

        cli
        lgdt    [gdt.pointer]
        mov     eax, cr0
        or      al, 1                   ; PE
        mov     cr0, eax
        jmp     dword 8:SETUP + protected

text    db      "INT 10h speaks", 10, 0

        bits    32
protected:
        mov     ax, 16
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     esp, STACK
        mov     edi, PAGES
        xor     eax, eax
        mov     ecx, 0x1000 * (2 + GIBS) / 4
        cld
        rep     stosd
        mov     dword [PAGES], PAGES + 0x1000 + 3       ; present, writable
        mov     edi, PAGES + 0x1000
        mov     eax, PAGES + 0x2000 + 3
        mov     ecx, GIBS
.gib:   mov     [edi], eax
        add     eax, 0x1000
        add     edi, 8
        loop    .gib
        mov     edi, PAGES + 0x2000
        mov     eax, 0x83               ; a page of 2 MiB
        xor     edx, edx
        mov     ecx, GIBS * 512
.page:  mov     [edi], eax
        mov     [edi + 4], edx
        add     eax, 0x200000
        adc     edx, 0
        add     edi, 8
        loop    .page
        mov     eax, PAGES
        mov     cr3, eax
        mov     eax, cr4
        or      eax, 1 << 5             ; PAE
        mov     cr4, eax
        mov     ecx, EFER
        rdmsr
        or      eax, 1 << 8             ; LME
        wrmsr
        mov     eax, cr0
        or      eax, 1 << 31            ; PG
        mov     cr0, eax
        xor     esi, esi                ; no zero page
        jmp     24:KERNEL_GPA

        align   8
gdt:    dq      0
        dq      0x00cf9b000000ffff      ; 8: 32-bit code
        dq      0x00cf93000000ffff      ; 16: data
        dq      0x00af9b000000ffff      ; 24: 64-bit code
.pointer:
        dw      $ - gdt - 1
        dd      SETUP + gdt

        times (SETUP_SECTS + 1) * 512 - 8 - ($ - $$) db 0
        db      "setupend"
        incbin  KERNEL
        align   16, db 0
