package subscribers

import (
	"fmt"
	"strings"
	"testing"
)

// exports are what other programs write, each with what it comes to: "address name" of readers; source:address of those
// from whom mail is kept; unconfirmed; twice; wrong rows; columns that are passed over.
var exports = map[string]struct{ text, want string }{
	"Mailchimp": {"\"Email Address\",\"First Name\",\"Last Name\",Address,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,LEID,EUID,NOTES,TAGS\n" +
		"ana@example.org,Ana,Ruiz,,2,\"2024-01-05 10:00:00\",\"2024-01-05 10:01:00\",81,ab,,\"\"\"press\"\"\"\nbea@example.org,,,,2,,,82,ac,,\n",
		"Mailchimp: ana@example.org Ana Ruiz, bea@example.org; kept; 0 unconfirmed, 0 twice, 0 wrong; passed Address MEMBER_RATING OPTIN_TIME CONFIRM_TIME LEID EUID NOTES TAGS"},
	"Mailchimp, unsubscribed": {"Email Address,First Name,Last Name,LEID,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE\nana@example.org,Ana,Ruiz,81,2024-05-01 07:00:00,Spring\n",
		"Mailchimp: ; kept import:ana@example.org; 0 unconfirmed, 0 twice, 0 wrong; passed LEID UNSUB_CAMPAIGN_TITLE"},
	"Mailchimp, cleaned": {"Email Address,LEID,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE\nana@example.org,81,2024-05-01 07:00:00,Spring\n",
		"Mailchimp: ; kept bounce:ana@example.org; 0 unconfirmed, 0 twice, 0 wrong; passed LEID CLEAN_CAMPAIGN_TITLE"},
	"listmonk": {"uuid,email,name,attributes,status,created_at,updated_at\nu1,ana@example.org,Ana,{},enabled,2024-01-01,2024-01-01\n" +
		"u2,bea@example.org,Bea,\"{\"\"city\"\": \"\"Turin\"\"}\",blocklisted,,\nu3,cas@example.org,,{},disabled,,\nu4,dan@example.org,,{},odd,,\n",
		"listmonk: ana@example.org Ana; kept import:bea@example.org operator:cas@example.org; 0 unconfirmed, 0 twice, 1 wrong; passed uuid attributes created_at updated_at"},
	"Substack": {"email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at\nana@example.org,false,,other,false,2024-01-01,\nbea@example.org,true,2027-01-01,yearly,true,2024-01-01,\n",
		"Substack: ana@example.org; kept import:bea@example.org; 0 unconfirmed, 0 twice, 0 wrong; passed active_subscription expiry plan created_at first_payment_at"},
	"Ghost": {"id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers\n" +
		"1,ana@example.org,Ana Ruiz,,true,false,,2024-01-01T00:00:00.000Z,,,\n2,bea@example.org,Bea,,false,false,,2024-01-01T00:00:00.000Z,,,\n3,cas@example.org,,,true,,,,2024-02-01T00:00:00.000Z,,\n",
		"Ghost: ana@example.org Ana Ruiz; kept import:bea@example.org operator:cas@example.org; 0 unconfirmed, 0 twice, 0 wrong; passed id note complimentary_plan stripe_customer_id created_at labels tiers"},
	"Mailchimp, all its columns": {"\"Email Address\",\"First Name\",\"Last Name\",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES\n" +
		"ana@example.org,,,2,,,\"2015-03-16 14:40:47\",,,,,,,,,\"2015-03-16 14:40:47\",81,ab,\n",
		"Mailchimp: ana@example.org; kept; 0 unconfirmed, 0 twice, 0 wrong; passed MEMBER_RATING OPTIN_TIME OPTIN_IP CONFIRM_TIME CONFIRM_IP LATITUDE LONGITUDE GMTOFF DSTOFF TIMEZONE CC REGION LAST_CHANGED LEID EUID NOTES"},
	"Buttondown": {"email_address,notes,tags,type,creation_date,unsubscription_date\nana@example.org,,,regular,2024-01-01,\nbea@example.org,,,unsubscribed,2024-01-01,2024-02-01\n" +
		"cas@example.org,,,unactivated,2024-01-01,\ndan@example.org,,,undeliverable,2024-01-01,\neva@example.org,,,complained,,2024-02-01\nfay@example.org,,,premium,,\n",
		"Buttondown: ana@example.org, fay@example.org; kept import:bea@example.org bounce:dan@example.org complaint:eva@example.org; 1 unconfirmed, 0 twice, 0 wrong; passed notes tags creation_date"},
	"Google Groups": {"Members for group wire@example.org\nEmail address,Nickname,Group status,Email status,Email preference,Posting permissions,Join year\n" +
		"ana@example.org,Ana,Member,,All email,Allowed,2020\nbea@example.org,,Member,Bouncing,All email,Allowed,2020\ncas@example.org,,Member,,No email,Allowed,2020\ndan@example.org,,Banned,,,,\neva@example.org,,Pending,,,,\n",
		"Google Groups: ana@example.org Ana; kept bounce:bea@example.org import:cas@example.org operator:dan@example.org; 1 unconfirmed, 0 twice, 0 wrong; passed Posting permissions Join year"},
	"Google Contacts": {"First Name,Middle Name,Last Name,Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Value,Phone 1 - Value\nAna,,Ruiz,* myContacts,* Work,ana@example.org ::: ana@example.net,,+1\nBea,,,,,,bea@example.org,\nNobody,,,,,,,+2\n",
		"Google Contacts: ana@example.org Ana Ruiz, bea@example.org Bea; kept; 0 unconfirmed, 0 twice, 0 wrong; passed Middle Name Labels E-mail 1 - Label Phone 1 - Value"},
	"another": {"\xef\xbb\xbfName;E-Mail;Status\nAna Ruiz;ana@example.org;subscribed\nBea;BEA@Example.org;active\nBea;bea@example.org;\nCas;cas@example.org;pending\nDan;dan at example.org;active\nEva;eva@example.org;unsubscribed\n" +
		"Eva;eva@example.org;subscribed\n;;\n\nFay;;active\n",
		": ana@example.org Ana Ruiz, BEA@example.org Bea; kept import:eva@example.org; 1 unconfirmed, 2 twice, 2 wrong; passed"},
	"tabs, and names with anything": {"email\tname\nana@example.org\tAna\u0000\u2028 \"the\" =Ruiz\xff\n", ": ana@example.org Ana \"the\" =Ruiz; kept; 0 unconfirmed, 0 twice, 0 wrong; passed"},
}

func summary(e Export) string {
	var readers, kept []string
	for _, s := range e.Readers {
		readers = append(readers, strings.TrimSpace(s.Email+" "+s.Name))
	}
	for _, k := range e.Kept {
		kept = append(kept, k.Source+":"+k.Email)
	}
	return fmt.Sprintf("%s: %s; %s; %d unconfirmed, %d twice, %d wrong; %s", e.From, strings.Join(readers, ", "),
		strings.TrimSpace("kept "+strings.Join(kept, " ")), e.Waiting, e.Twice, len(e.Wrong), strings.TrimSpace("passed "+strings.Join(e.Passed, " ")))
}

func TestExportsOfOtherPrograms(t *testing.T) {
	for name, c := range exports {
		e, err := ReadExport([]byte(c.text), "list.csv")
		if got := summary(e); err != nil || got != c.want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", name, err, got, c.want)
		}
	}
	for _, text := range []string{"", "\n\n\n", "a,b,c\n1,2,3\n4,5,6\n", "ana@example.org\nbea@example.org\ncas@example.org\n", "\x00\xff"} {
		if e, err := ReadExport([]byte(text), "list.csv"); err == nil {
			t.Errorf("%q is an export: %s", text, summary(e))
		}
	}
}

func TestReadersAreAddedToAList(t *testing.T) {
	who := []Subscriber{{Email: "ana@example.org", Name: "Ruiz, Ana"}, {Email: "=bea@example.org", Name: "=1+1"}}
	for old, want := range map[string]string{
		"":                                     "email,name,digests\nana@example.org,\"Ruiz, Ana\",daily weekly\n'=bea@example.org,'=1+1,daily weekly\n",
		"name,email,digests\nX,x@example.org,": "name,email,digests\nX,x@example.org,\n\"Ruiz, Ana\",ana@example.org,daily weekly\n'=1+1,'=bea@example.org,daily weekly\n",
		"digests,Email\r\n":                    "digests,Email\r\ndaily weekly,ana@example.org\ndaily weekly,'=bea@example.org\n",
	} {
		got, err := AppendCSV([]byte(old), who, []string{"daily", "weekly"})
		if err != nil || string(got) != want {
			t.Errorf("%q: %v\n%s", old, err, got)
		}
	}
	if got, err := AppendCSV([]byte("email\n"), who, []string{"daily"}); err == nil {
		t.Errorf("digests in a list without them: %s", got)
	}
}

// FuzzExport reads whatever it is given; what is taken of it stands in a list that can be read.
func FuzzExport(f *testing.F) {
	for _, c := range exports {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := ReadExport(raw, "list.csv")
		if err != nil {
			return
		}
		text, err := AppendCSV(nil, e.Readers, nil)
		if err != nil {
			t.Fatal(err)
		}
		var problems []Problem
		n := 0
		readCSV(strings.NewReader(string(text)), "new.csv", func(row *Row, p *Problem) bool {
			if n++; p != nil {
				problems = append(problems, *p)
			}
			return true
		})
		list, more := Validate(func(yield func(*Row, *Problem) bool) { readCSV(strings.NewReader(string(text)), "new.csv", yield) }, Rules{Zone: "UTC", Language: "en"})
		if len(problems)+len(more) > 0 || list.Len() != len(e.Readers) {
			t.Fatalf("%v %v: %d of %d\n%s", problems, more, list.Len(), len(e.Readers), text)
		}
	})
}
