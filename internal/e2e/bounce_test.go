//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// listed is what subscribers list prints, as far as it is read here.
type listed struct {
	Subscribers []struct {
		Email      string `json:"email"`
		Suppressed []struct {
			Digest string `json:"digest"`
			Source string `json:"source"`
			Words  string `json:"words"`
		} `json:"suppressed"`
		Preferences struct {
			Without []string `json:"without_topics"`
		} `json:"preferences"`
	} `json:"subscribers"`
}

// TestBouncesComeBack has a real Postfix bounce a mail in both ways in which a bounce proves itself: to a tagged
// address, from which it is piped into the program as docs/deliverability.md says, and into a mailbox, with our
// Message-ID in what is returned.
func TestBouncesComeBack(t *testing.T) {
	rig := Start(t, 2)
	stand := newNewsstand(t)
	stand.put("/harbour", feed("Harbour News", entry{"The pier holds", "https://example.org/pier", "It was tested in the night."}))

	for _, way := range []struct {
		name, bounceTo string
		verp           bool
		collect        func(t *testing.T, here site) // bring back what bounced
	}{
		{"pipe", "bounces@example.org", true, func(*testing.T, site) {}},
		{"maildir", Reader(2), false, func(t *testing.T, here site) {
			rig.Settle(t)
			c := here.command("inbound", "--maildir", filepath.Join(rig.dir, "mail", "reader02"))
			if out, err := c.CombinedOutput(); err != nil {
				t.Fatalf("inbound --maildir: %v\n%s", err, out)
			}
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			config := newsletter(stand, []string{"/harbour", "/harbour"})
			config = strings.Replace(config, "[mail]", fmt.Sprintf("[mail]\nbounce_to = %q\nverp = %v", way.bounceTo, way.verp), 1)
			here := rig.piped(t, way.name, config+rig.smtpConfig(t, "starttls")+
				fmt.Sprintf("\n[[subscribers]]\nemail = %q\n\n[[subscribers]]\nemail = \"ana@gone.example.org\"\n", Reader(1)))
			here.run(t, 0, "send", "daily")
			var list listed
			await(t, "the bounce to come back", func() bool {
				way.collect(t, here)
				here.decode(t, 0, &list, "subscribers", "list", "--suppressed")
				return len(list.Subscribers) > 0
			})
			got := list.Subscribers[0]
			if len(list.Subscribers) != 1 || got.Email != "ana@gone.example.org" || len(got.Suppressed) != 1 ||
				got.Suppressed[0].Source != "bounce" || !strings.HasPrefix(got.Suppressed[0].Words, "5.1.1 ") {
				t.Errorf("suppressed are %+v", list.Subscribers)
			}
		})
	}
	if mails := rig.Mailbox(t, Reader(1)); len(mails) != 2 {
		t.Errorf("%s got %d mails, want one of each way", Reader(1), len(mails))
	}
	tagged := taggedPaths(t, rig.Mailbox(t, Reader(1)))
	if !slices.Equal(tagged, []bool{true, false}) {
		t.Errorf("tagged reverse paths: %v", tagged)
	}
}

// taggedPaths tells which mails came with a tagged reverse path.
func taggedPaths(t *testing.T, mails [][]byte) (tagged []bool) {
	t.Helper()
	for _, raw := range mails {
		tagged = append(tagged, strings.Contains(parse(t, raw).Header.Get("Return-Path"), "+"))
	}
	return tagged
}

// piped is a site whose `inbound` gets what comes to bounces@example.org. It belongs to nobody, as whom Postfix
// runs the pipe: a ledger has one user.
func (r *Rig) piped(t *testing.T, name, config string) site {
	t.Helper()
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	program, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	s := site{
		dir:     r.mkdir(t, name, 0o700, "nobody", "nogroup"),
		program: r.write(t, name+"-digestd", string(program)),
		owner:   &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)},
	}
	s.write(t, "config.toml", config)
	if err := os.Chown(filepath.Join(s.dir, "config.toml"), uid, gid); err != nil {
		t.Fatal(err)
	}
	script := r.write(t, "inbound", fmt.Sprintf("#!/bin/sh\nexec %s --config %s/config.toml inbound\n", s.program, s.dir))
	for _, path := range []string{s.program, script} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return s
}
