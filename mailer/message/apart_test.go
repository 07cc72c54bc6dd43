package message

import "testing"

// bothKinds is a message of both kinds, its text quoted and its HTML in base64.
const bothKinds = "From: =?utf-8?q?Morning_Wire?= <digest@example.org>\r\n" +
	"To: Ana Ferreira <ana@example.org>\r\n" +
	"Subject: =?utf-8?q?Caf=C3=A9_=3Cb=3E?=\r\n" +
	"Date: Thu, 12 Mar 2026 07:00:00 +0100\r\n" +
	"X-Folded: one\r\n two\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: multipart/alternative; boundary=b1\r\n" +
	"\r\n" +
	"--b1\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\n" +
	"Content-Transfer-Encoding: quoted-printable\r\n" +
	"\r\n" +
	"MORNING WIRE\r\nCaf=C3=A9 & <tea>, in one =\r\nline\r\n" +
	"--b1\r\n" +
	"Content-Type: text/html; charset=utf-8\r\n" +
	"Content-Transfer-Encoding: base64\r\n" +
	"\r\n" +
	"PCEtLVtpZiBtc29dPjx0YWJsZT48IVtlbmRpZl0tLT48YSBocmVmPSJodHRwczovL2hhcmJvdXJw\r\n" +
	"b3N0LmV4YW1wbGUvYT94PTEmYW1wO3k9MiIgc3R5bGU9ImNvbG9yOnJlZCI+Q2Fmw6k8L2E+PGlt\r\n" +
	"ZyBzcmM9Imh0dHBzOi8vaGFyYm91cnBvc3QuZXhhbXBsZS9pbWFnZXMvY3JhbmVzLWF0LWRhd24u\r\n" +
	"anBnIiBhbHQ9IiI+PHA+JmFtcDs8L3A+\r\n" +
	"--b1--\r\n"

// textAlone is a message of text alone.
const textAlone = "From: digest@example.org\r\nTo: chiyo@example.org\r\nSubject: plain\r\n\r\njust words\r\n"

func FuzzTakeApart(f *testing.F) {
	f.Add([]byte(bothKinds))
	f.Add([]byte(textAlone))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := TakeApart(raw)
		if err == nil && len(l.HTML)+len(l.Text) > 3*len(raw) {
			t.Errorf("made %d bytes of %d", len(l.HTML)+len(l.Text), len(raw))
		}
	})
}
