package subscribers

import (
	_ "embed"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // a reader's zone must not depend on what the machine has installed

	"digestd/internal/spelling"
)

// zoneNames are the names of the IANA data base that people live in, one a line. They serve for
// suggestions only, since the standard library doesn't list its zones; what is valid, it decides.
//
//go:embed zones.txt
var zoneNames string

// LoadZone is time.LoadLocation for names of the IANA data base only: "" and "Local" mean whatever the
// machine is set to, and no newsletter should depend on that. Its error follows the name of a key.
func LoadZone(name string) (*time.Location, error) {
	if name != "" && name != "Local" {
		if l, err := time.LoadLocation(name); err == nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf(`must be a time zone such as "Europe/Paris", not %q%s`, name, zoneHint(name))
}

func zoneHint(name string) string {
	zones := strings.Fields(zoneNames)
	if name != "" && !strings.Contains(name, "/") { // "Paris", "new york"
		city := "/" + strings.ReplaceAll(name, " ", "_")
		for _, z := range zones {
			if len(z) > len(city) && strings.EqualFold(z[len(z)-len(city):], city) {
				return fmt.Sprintf("; did you mean %q?", z)
			}
		}
	}
	return spelling.Hint(name, zones)
}
