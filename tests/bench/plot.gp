# build/bench/performance.svg from build/bench/results: on the left how long a
# boot takes, on the right what the disk does, in multiples of QEMU microvm.
# No ground, and colours that can be read on a light page and on a dark one.

# Rows of the results, under the names that docs/performance.md has for them.
row(result, name) = sprintf('s,^%s  +(.*),"%s" \1,p;', result, name)
rows(script) = "< sed -nE '".script."' build/bench/results"
boot = rows(row('first instruction', 'first\\ninstruction').\
	row('first line', 'kernel\x27s\\nfirst line').\
	row('/init', '/init').row('login prompt', 'login\\nprompt'))
disk = rows(row('seq-read op/s', 'read\\n1 MiB').\
	row('seq-write op/s', 'write\\n1 MiB').\
	row('rand-read-1 op/s', 'read\\n4 KiB').\
	row('rand-write-1 op/s', 'write\\n4 KiB').\
	row('rand-read-32 op/s', 'read\\n4 KiB\\ndepth 32').\
	row('rand-write-32 op/s', 'write\\n4 KiB\\ndepth 32').\
	row('flush op/s', 'flush'))

text = '#7d8590'
array colour[3] = ['#2f81f7', '#bf8700', '#8c959f']
array vmm[3] = ['step 2, 3', 'QEMU microvm', 'QEMU pc']

set terminal svg size 900,400 font 'sans-serif,12' noenhanced
set output 'build/bench/performance.svg'
set datafile missing '-'
set style data histograms
set style histogram clustered gap 1.5
set style fill solid 1 noborder
set key top left reverse Left samplen 1 textcolor rgb text
set border 3 lc rgb text
set tics nomirror out textcolor rgb text
set grid ytics lc rgb text lw 0.3
set yrange [0:*]
set bmargin 4.5
set title offset 0,0.5 textcolor rgb text

# A bar's value stands above it, so that the smallest can be seen, too: a
# cluster's three bars are 1 / (3 + 1.5) wide each.
at(i) = (i - 2) / 4.5
short(value) = sprintf(value < 10 ? '%.2g' : '%.0f', value)

set multiplot layout 1,2
set title 'Boot'
set xrange [-0.6:3.6]
set ylabel 'ms: millions of instructions' textcolor rgb text
plot for [i=1:3] boot using i + 1:xtic(1) title vmm[i] lc rgb colour[i], \
     for [i=1:3] boot using ($0 + at(i)):i + 1:(short(column(i + 1))) \
	with labels offset 0,0.5 font ',9' textcolor rgb text notitle
set title 'Disk'
set xrange [-0.6:6.6]
set ylabel 'operations a second, QEMU microvm = 1'
set key off
set xtics font ',10'
plot for [i=1:3] disk using (column(i + 1) / $3):xtic(1) lc rgb colour[i], \
     for [i=1:3:2] disk using ($0 + at(i)):(column(i + 1) / $3): \
	(short(column(i + 1) / $3)) with labels offset 0,0.5 \
	font ',9' textcolor rgb text
unset multiplot
