package digest

import "strings"

// trackers are query parameters that say where a reader came from and who they are, never what they read. Each belongs
// to an analytics, advertising or newsletter product, or to a publisher's own statistics, and to nothing else; the
// public lists of what browsers take off links (ClearURLs, AdGuard) have them too.
var trackers = map[string]bool{
	"fbclid": true, "gclid": true, "dclid": true, "gbraid": true, "wbraid": true, "gclsrc": true, "srsltid": true,
	"msclkid": true, "yclid": true, "ysclid": true, "twclid": true, "ttclid": true, "igshid": true, "igsh": true, "_openstat": true,
	"li_fat_id": true, "mkt_tok": true, "irclickid": true, "rb_clickid": true, "mbid": true,
	"_hsenc": true, "_hsmi": true, "__hstc": true, "__hssc": true, "__hsfp": true, "hsctatracking": true,
	"oly_anon_id": true, "oly_enc_id": true, "ncid": true, "nr_email_referer": true, "cmpid": true, "s_cid": true,
	"icid": true, "ito": true, "xtor": true, "wt.mc_id": true, "smid": true, "smtyp": true, "ref_src": true, "ref_url": true,
	"feedtype": true, "feedname": true, "ocid": true, "traffic_source": true,
	"guccounter": true, "guce_referrer": true, "guce_referrer_sig": true, "taid": true, "tblci": true, "dicbo": true,
	"soc_src": true, "soc_trk": true, "sr_share": true, "maca": true, "intcid": true, "intcmp": true, "rss_id": true,
	"from_rss": true, "fromrss": true, "ftag": true,
}

// trackerPrefixes begin whole families of such parameters: utm_source, at_medium (BBC),
// ns_mchannel (comScore), pk_campaign and mtm_ (Matomo), itm_, hsa_ and so on.
var trackerPrefixes = []string{"utm_", "at_", "ns_", "pk_", "mtm_", "piwik_", "itm_", "hsa_", "ga_", "stm_", "wt_",
	"xt_", "vero_", "mc_", "_branch_"}

// Tracks reports whether a query parameter of that name, in lower case, only follows readers.
func Tracks(name string) bool {
	if trackers[name] {
		return true
	}
	for _, p := range trackerPrefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}
