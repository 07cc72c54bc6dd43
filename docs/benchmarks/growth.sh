#!/usr/bin/env bash
# What a mail costs with 1,000 to 1,000,000 recipients, and what a poll, an edition's commit and status cost with a
# ledger of 400 days:
#
#	bash docs/benchmarks/growth.sh [ROUNDS]      # 3; about ten minutes each on two cores
#
# The rounds take turns; medians are printed, and drawn into docs/benchmarks/growth.svg. Needs Go alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rounds=${1:-3}
work=$(mktemp -d)
sink=
end() {
	[ -z "$sink" ] || kill "$sink" 2>/dev/null || true
	rm -rf "$work"
}
trap end EXIT
go test -c -o "$work/mailer" ./mailer
DIGESTD_TEST_SINK=127.0.0.1:2597 "$work/mailer" >"$work/log" 2>&1 &
sink=$!
sleep 1
for round in $(seq "$rounds"); do
	for n in 1000 10000 100000 1000000; do
		DIGESTD_SINK=127.0.0.1:2597 "$work/mailer" -test.run '^$' -test.bench 'Deliver$/^dkim=$/^pipelining=true$' -test.benchtime "${n}x" |
			sed -n "s/.* \([0-9.]*\) messages\/s.*/$n \1/p" >>"$work/mails"
	done
done
printf 'recipients   cost of a mail   of that with 1,000\n'
sort -k1,1n -k2,2n "$work/mails" | awk -v r="$rounds" '{ v[$1] = v[$1] " " $2 }
	END { for (n in v) { k = split(v[n], a, " "); print n, 1000 / a[int((k + 1) / 2)] } }' | sort -n >"$work/costs"
awk 'NR == 1 { first = $2 } { printf "%10d   %11.3f ms   %18.2f\n", $1, $2, $2 / first }' "$work/costs"
awk 'BEGIN { print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 520 260\" font-family=\"sans-serif\" font-size=\"13\">"
	print "<title>What a mail costs, by recipients</title><rect width=\"520\" height=\"260\" fill=\"#fff\"/>" }
	{ n[NR] = $1; c[NR] = $2; if ($2 > top) top = $2 }
	END { for (i = 1; i <= NR; i++) { x = 40 + i * 100; y = 220 - 180 * c[i] / top; p = p " " x "," y
		printf "<circle cx=\"%d\" cy=\"%.1f\" r=\"4\" fill=\"#9c1f1f\"/>\n<text x=\"%d\" y=\"%.1f\" text-anchor=\"middle\">%.3f ms</text>\n", x, y, x, y - 10, c[i]
		printf "<text x=\"%d\" y=\"242\" text-anchor=\"middle\">%d</text>\n", x, n[i] }
	printf "<polyline points=\"%s\" fill=\"none\" stroke=\"#9c1f1f\" stroke-width=\"2\"/>\n<path d=\"M90 220H490\" stroke=\"#1a1a1a\"/>\n</svg>\n", substr(p, 2) }' \
	"$work/costs" >docs/benchmarks/growth.svg
DIGESTD_GROWTH=1 DIGESTD_TEST_STORE=bolt go test -run TestGrowth -v -timeout 60m ./internal/report | sed -n 's/^ *growth_test.go:[0-9]*: //p'
