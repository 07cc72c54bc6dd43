//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// suppressions is what subscribers list prints, as far as it is read here.
type suppressions struct {
	Subscribers []struct {
		Email      string `json:"email"`
		Suppressed []struct {
			Source string `json:"source"`
			Words  string `json:"words"`
		} `json:"suppressed"`
	} `json:"subscribers"`
}

// TestBouncesComeBack has a real Postfix bounce a mail in both ways in which a bounce proves itself: to a tagged
// address, from which it is piped into the program as docs/deliverability.md says, and into a mailbox, with our
// Message-ID in what is returned.
func TestBouncesComeBack(t *testing.T) {
	rig := Start(t, 2)
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	// The pipe runs as nobody, so all of it does: the ledger belongs to one user.
	program := filepath.Join(rig.dir, "digestd")
	raw, err := os.ReadFile(binary)
	if err == nil {
		err = os.WriteFile(program, raw, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	stand := newNewsstand(t)
	stand.put("/harbour", feed("Harbour News", entry{"The pier holds", "https://example.org/pier", "It was tested in the night."}))

	for _, way := range []struct {
		name, bounceTo string
		verp           bool
		collect        func(t *testing.T, dir string) // bring back what bounced
	}{
		{"pipe", "bounces@example.org", true, func(*testing.T, string) {}},
		{"maildir", Reader(2), false, func(t *testing.T, dir string) {
			rig.Settle(t)
			c := as(uid, gid, site{dir}.command("inbound", "--maildir", filepath.Join(rig.dir, "mail", "reader02")))
			c.Path = program
			if out, err := c.CombinedOutput(); err != nil {
				t.Fatalf("inbound --maildir: %v\n%s", err, out)
			}
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			here := site{rig.mkdir(t, way.name, 0o700, "nobody", "nogroup")}
			config := newsletter(stand, []string{"/harbour", "/harbour"})
			config = strings.Replace(config, "[mail]", fmt.Sprintf("[mail]\nbounce_to = %q\nverp = %v", way.bounceTo, way.verp), 1)
			here.write(t, "config.toml", config+rig.smtpConfig(t, "starttls")+
				fmt.Sprintf("\n[[subscribers]]\nemail = %q\n\n[[subscribers]]\nemail = \"ana@gone.example.org\"\n", Reader(1)))
			if err := os.Chown(filepath.Join(here.dir, "config.toml"), uid, gid); err != nil {
				t.Fatal(err)
			}
			script := rig.write(t, "inbound", fmt.Sprintf("#!/bin/sh\nexec %s --config %s/config.toml inbound\n", program, here.dir))
			if err := os.Chmod(script, 0o755); err != nil {
				t.Fatal(err)
			}
			send := as(uid, gid, here.command("send", "daily"))
			send.Path = program
			if out, err := send.CombinedOutput(); err != nil {
				t.Fatalf("send: %v\n%s", err, out)
			}
			var list suppressions
			await(t, "the bounce to come back", func() bool {
				way.collect(t, here.dir)
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

// as makes a command run as another user.
func as(uid, gid int, c *exec.Cmd) *exec.Cmd {
	c.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return c
}
