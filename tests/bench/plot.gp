# build/bench/performance.svg from build/bench/results: on the left how long a
# boot takes, on the right what the disk does, in multiples of QEMU microvm.
# Its ground is white: readable on light and dark pages.

rows(names) = sprintf('< sed -nE "s,^(%s) *( .*),\"\1\"\2,p" build/bench/results', names)
boot = rows("first instruction|first line|/init|login prompt")
disk = rows("seq-[a-z]* op/s|rand-[a-z0-9-]* op/s|flush op/s")

set terminal svg size 900,400 background rgb 'white' font 'sans-serif,12'
set output 'build/bench/performance.svg'
set datafile missing '-'
set style data histograms
set style histogram clustered gap 1.5
set style fill solid 0.9 border rgb 'white'
set key top left reverse Left samplen 1
set border 3 lc rgb '#57606a'
set tics nomirror out
set grid ytics lc rgb '#d0d7de'
set yrange [0:*]

set multiplot layout 1,2
set title 'Boot: ms (a million instructions)'
plot boot using 2:xtic(1) title 'this project' lc rgb '#0969da', \
     '' using 3 title 'QEMU microvm' lc rgb '#bf8700', \
     '' using 4 title 'QEMU pc' lc rgb '#8c959f'
set title 'Disk: operations, QEMU microvm = 1'
set xtics rotate by -35
set key off
plot disk using ($2/$3):xtic(1) lc rgb '#0969da', \
     '' using ($3/$3) lc rgb '#bf8700', \
     '' using ($4/$3) lc rgb '#8c959f'
unset multiplot
