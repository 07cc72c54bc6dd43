#!/usr/bin/env bash
# SIGKILL at a random moment of each step of an editor's morning, in two zones, with the real binary: collecting, three
# orders, the test copy, the approval, sending. Whoever saw no answer does the step again.
#
#	bash docs/benchmarks/desk.sh [ROUNDS]      # 40; five minutes on two busy cores
#
# Needs Go alone. Fails when a reader has no mail, or another one than was ordered.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/digestd" . || exit 1
cat >"$work/config.toml" <<'END'
[newsletter]
name = "Wire"
timezone = "UTC"
[mail]
from = "wire@example.org"
[topics.ports]
feeds = [{ url = "feed.xml", name = "Herald" }]
[digests.daily]
approve = "hold"
editor = "editor@example.org"
[[subscribers]]
email = "ana@example.org"
[[subscribers]]
email = "bo@example.org"
timezone = "Asia/Tokyo"
END
entry() { printf '<item><title>%s</title><link>https://herald.example.org/%s</link><guid>%s</guid></item>' "$2" "$1" "$1"; }
{
	printf '<rss version="2.0"><channel><title>Herald</title><link>https://herald.example.org/</link>'
	entry 1 "Ferries run late on Sunday"
	entry 2 "Bells ring in Orlenne"
	entry 3 "The pier holds"
	printf '</channel></rss>'
} >"$work/feed.xml"
echo "Mind the gap." >"$work/note.md"
bad=0 kills=0 twice=0
step() {
	timeout -s KILL "0.$(printf %02d $((RANDOM % 40 + 2)))" "$work/digestd" "$@" >/dev/null 2>&1
	[ $? -ne 137 ] || kills=$((kills + 1))
	"$work/digestd" "$@" >/dev/null 2>&1
}
for round in $(seq "${1:-40}"); do
	here=$(mktemp -d -p "$work")
	cp "$work/config.toml" "$work/feed.xml" "$work/note.md" "$here"
	cd "$here" || exit 1
	step collect
	step desk daily --lead https://herald.example.org/2
	step desk daily --drop https://herald.example.org/3
	step desk daily --note note.md
	step send daily
	step desk daily --approve
	step send daily
	step send daily
	for reader in ana bo; do
		mails=$(grep -lE "^To:.*$reader@" outbox/*/*)
		n=$(wc -w <<<"$mails")
		[ "$n" -lt 2 ] || twice=$((twice + 1))
		for want in "^Subject: Bells" "Mind the gap" "Ferries run"; do
			[ "$n" -gt 0 ] && [ "$(grep -lE "$want" $mails | wc -l)" -eq "$n" ] || { echo "round $round: $reader lacks $want"; bad=1; }
		done
		! grep -q "The pier holds" $mails /dev/null || { echo "round $round: $reader has what was left out"; bad=1; }
	done
	"$work/digestd" ledger check | grep -q "is whole" || { echo "round $round: the ledger is not whole"; bad=1; }
done 2>/dev/null
echo "$kills kills in ${1:-40} rounds; $twice readers had it twice"
exit "$bad"
