package smtptest

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// dialogue is what is said over one connection.
type dialogue struct {
	*Server
	conn   net.Conn
	client net.Addr
	r      *bufio.Reader
	moment Moment

	extensions []string // of the server when the connection came, as the two below
	tls        *tls.Config
	implicit   bool
	idle       time.Duration
	idleReply  string
	deaf       bool
	began      bool // MAIL was taken
}

// silence says nothing until the client has gone.
func (d *dialogue) silence() {
	if d.client != nil {
		close(d.call(d.client).silent)
	}
	io.Copy(io.Discard, d.r)
}

// say answers a moment; it reports whether the dialogue goes on, and whether the answer was positive.
func (d *dialogue) say(stage, fallback string) (goOn, good bool) {
	d.moment.Stage = stage
	a := d.answer(d.moment)
	switch a {
	case Default:
		a = fallback
	case Cut:
		return false, false
	case Hang, Late:
		d.silence()
		if a == Late {
			io.WriteString(d.conn, fallback+"\r\n")
		}
		return false, false
	}
	if _, err := io.WriteString(d.conn, a+"\r\n"); err != nil {
		return false, false
	}
	last := a[strings.LastIndex(a, "\n")+1:]
	// go-mail takes it for the first of many lines, and waits for the others
	if len(last) > 3 && last[3] == '-' {
		d.silence()
		return false, false
	}
	return !strings.HasPrefix(last, "421"), last[0] == '2' || last[0] == '3'
}

func (d *dialogue) run() {
	if d.implicit {
		d.conn = tls.Server(d.conn, d.tls)
	}
	d.r = bufio.NewReader(d.conn)
	if ok, _ := d.say(Greeting, "220 mail.example.org ESMTP"); !ok {
		return
	}
	for {
		if d.idle > 0 {
			d.conn.SetReadDeadline(time.Now().Add(d.idle))
		}
		line, err := d.r.ReadString('\n')
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) && d.idleReply != "" {
				io.WriteString(d.conn, d.idleReply+"\r\n")
			}
			return
		}
		d.conn.SetReadDeadline(time.Time{})
		if d.deaf {
			d.r.Discard(d.r.Buffered())
		}
		line = strings.TrimRight(line, "\r\n")
		d.mu.Lock()
		d.wire = append(d.wire, line)
		d.mu.Unlock()
		if !d.obey(line) {
			return
		}
	}
}

// obey answers a command. It reports whether the dialogue goes on.
func (d *dialogue) obey(line string) (goOn bool) {
	d.moment.Line = line
	verb, rest, _ := strings.Cut(line, " ")
	var good bool
	switch strings.ToUpper(verb) {
	case "EHLO":
		text := "250-mail.example.org"
		for _, e := range d.extensions {
			text += "\r\n250-" + e
		}
		goOn, _ = d.say(Ehlo, text+"\r\n250 ENHANCEDSTATUSCODES")
	case "HELO":
		goOn, _ = d.say(Ehlo, "250 mail.example.org")
	case "STARTTLS":
		if goOn, good = d.say(StartTLS, "220 go ahead"); good {
			d.conn = tls.Server(d.conn, d.tls)
			d.r = bufio.NewReader(d.conn)
		}
	case "AUTH":
		goOn, _ = d.say(Auth, "235 2.7.0 welcome")
	case "MAIL":
		d.moment.From = rest
		goOn, d.began = d.say(Mail, "250 2.1.0 ok")
	case "RCPT":
		d.moment.To, _, _ = strings.Cut(strings.TrimPrefix(rest, "TO:<"), ">")
		fallback := "250 2.1.5 ok"
		if !d.began {
			fallback = "503 5.5.1 MAIL first"
		}
		if goOn, good = d.say(Rcpt, fallback); !good {
			d.moment.To = ""
		}
	case "DATA":
		goOn = d.data()
	case "RSET":
		d.moment.From, d.moment.To = "", ""
		goOn, _ = d.say(Rset, "250 2.0.0 ok")
	case "QUIT":
		d.say(Quit, "221 2.0.0 bye")
	default:
		goOn, _ = d.say(verb, "502 5.5.2 unknown command")
	}
	return goOn
}

func (d *dialogue) data() bool {
	fallback := "354 go ahead"
	if d.moment.To == "" {
		fallback = "503 5.5.1 no recipient"
	}
	goOn, good := d.say(Data, fallback)
	if !goOn || !good {
		return goOn
	}
	half := func() {
		d.mu.Lock()
		d.halves++
		d.mu.Unlock()
	}
	d.moment.Stage = Body
	early := d.answer(d.moment)
	switch early {
	case Default:
	case Cut:
		d.r.ReadString('\n')
		half()
		return false
	case Hang, Late:
		for line := ""; line != ".\r\n"; { // only then does the client wait
			var err error
			if line, err = d.r.ReadString('\n'); err != nil {
				half()
				return false
			}
		}
		d.silence()
		half()
		return false
	default:
		if _, err := io.WriteString(d.conn, early+"\r\n"); err != nil {
			return false
		}
	}
	var raw []byte
	for {
		line, err := d.r.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			half()
			return false
		}
		if string(line) == ".\r\n" && (len(raw) == 0 || raw[len(raw)-1] == '\n') {
			break
		}
		if len(line) > 1 && line[0] == '.' && (len(raw) == 0 || raw[len(raw)-1] == '\n') {
			line = line[1:]
		}
		raw = append(raw, line...)
	}
	if early != Default {
		half()
		return false
	}
	return d.dot(raw)
}

// dot answers the end of a message. It reports whether the dialogue goes on.
func (d *dialogue) dot(raw []byte) bool {
	take := func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.taken = append(d.taken, Message{From: d.moment.From, To: d.moment.To, Raw: raw})
	}
	defer func() {
		d.moment.Message++
		d.moment.From, d.moment.To = "", ""
	}()
	d.moment.Stage = Dot
	a := d.answer(d.moment)
	switch a {
	case Default:
		a = "250 2.0.0 queued as " + strings.Repeat("A", 10)
	case Cut:
		return false
	case Hang, Late:
		d.silence()
		return false
	case TakeAndCut:
		take()
		return false
	case TakeAndHang:
		take()
		d.silence()
		io.WriteString(d.conn, "250 2.0.0 late\r\n")
		return false
	}
	if strings.TrimLeft(a, "\r\n")[0] == '2' {
		take()
	}
	_, err := io.WriteString(d.conn, a+"\r\n")
	return err == nil && !strings.HasPrefix(a[strings.LastIndex(a, "\n")+1:], "421")
}
