# What the tests of irqchip share, short, long, and of its exercises.
# shellcheck disable=SC2154 # lib.bash's variables

irqchip=${IRQCHIP:-$project/extensions/irqchip/irqchip}

# A guest with both 8259s set up, vectors from 20h and 28h on, all masked; what
# follows on standard input has macros, and "put", which prints AL.
pic_guest() {
	{
		cat <<-'END'
			%macro OUT_BYTE 2
				mov	al, %2
				out	%1, al
			%endmacro
			%macro HANDLER 2		; vector, label
				mov	word [es:%1 * 4], %2 - 0x200
				mov	[es:%1 * 4 + 2], cs
			%endmacro
				cli
				push	word 0
				pop	es
				OUT_BYTE 0x20, 0x11
				OUT_BYTE 0x21, 0x20
				OUT_BYTE 0x21, 4
				OUT_BYTE 0x21, 1
				OUT_BYTE 0xa0, 0x11
				OUT_BYTE 0xa1, 0x28
				OUT_BYTE 0xa1, 2
				OUT_BYTE 0xa1, 1
				OUT_BYTE 0x21, 0xff
				OUT_BYTE 0xa1, 0xff
				jmp	main
			put:	mov	dx, 0x3f8
				out	dx, al
				ret
			main:
		END
		cat
	} >pic.asm
	tiny_kernel <pic.asm
}

# Compares the clock of a guest, its uptime, with ours: before and after SECONDS
# in which it is left alone. Says by how much it is ahead in the end, and at most
# how many seconds its console took for an answer.
drift_of_clock() { # SECONDS WORD-OF-THE-COMMAND-LINE...
	timed $(($1 + 120)) python3 -c '
import re, subprocess, sys, time
seconds, command = float(sys.argv[1]), sys.argv[2:]
vmm = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

def ask(line, answer):
    start = time.monotonic()
    vmm.stdin.write(line + b"\n")
    vmm.stdin.flush()
    text = b""
    while not re.search(answer, text):
        part = vmm.stdout.read1()
        if not part:
            sys.exit("it ended: " + repr(text[-200:]))
        text += part
    return re.search(answer, text)[1], start, time.monotonic()

def look():
    """The best of five: host time and guest time of one moment."""
    times = []
    for _ in range(5):
        uptime, start, end = ask(b"cat /proc/uptime", rb"(\d+\.\d\d) \d+\.\d\d")
        times.append((end - start, (start + end) / 2, float(uptime)))
        time.sleep(0.37)
    return min(times) + (max(times)[0],)

ask(b"stty -echo; echo rea\"\"dy", rb"(ready)\r?\n")
_, before, uptime, _ = look()
time.sleep(seconds)
_, after, later, slowest = look()
vmm.stdin.write(b"poweroff -f\n")
vmm.stdin.flush()
vmm.stdout.read()
print("%.3f %.3f %d" % (later - uptime - (after - before), slowest, vmm.wait()))' \
		"$1" "$irqchip" -i "$initramfs" -c "console=ttyS0 quiet panic=1 ${*:2}" \
		"$kernel"
}

# The clock was no more than a second off, and the VMM's exit status is 0.
# shellcheck disable=SC2154 # bats' own variables
keeps_time() { # SECONDS WORD...
	run drift_of_clock "$@"
	echo "# seconds ahead after $1, slowest answer, status: $output" >&3
	is "$status" 0 "status of the clock's test"
	has "$output" '^-?0\.[0-9]+ [0-9.]+ 0$'
}
