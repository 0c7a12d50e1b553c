package lab

import (
	"testing"
)

// Security By Default, "Move phones between clusters"; cucm-facts, rule 10.
func TestScenarioMovePhones(t *testing.T) {
	move := func(t *testing.T, prepared bool) {
		from, to := up(t, Options{}), up(t, Options{})
		if prepared {
			for _, name := range []string{certITLRecovery, certCallManager} {
				der, err := to.publisher().Certificate(name)
				if err != nil {
					t.Fatal(err)
				}
				if err := from.TrustCertificate(der); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, p := range from.Phones {
			if err := from.PointPhone(p.Name, to.TFTPServers()...); err != nil {
				t.Fatal(err)
			}
		}
		if prepared {
			want(t, from, map[string]string{"7975": "tyy", "8861": "tyy", "7940": "nyn"})
			return
		}
		want(t, from, map[string]string{"7975": "nnn", "8861": "nnn", "7940": "nyn"})
	}
	t.Run("prepared", func(t *testing.T) { move(t, true) })
	t.Run("unprepared", func(t *testing.T) { move(t, false) })
}

// cucm-facts, rule 10: certificates of the trust store enter the CTL as SAST;
// a phone that cannot ask TVS moves then, too.
func TestScenarioMovePhonesWithTheCTLUpdated(t *testing.T) {
	from, to := up(t, Options{Version: "10.5"}), up(t, Options{Version: "10.5"})
	for _, name := range []string{certITLRecovery, certCallManager} {
		der, err := to.publisher().Certificate(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := from.TrustCertificate(der); err != nil {
			t.Fatal(err)
		}
	}
	admin(t, from.publisher(), "utils ctl update CTLFile")
	allAccept(t, from)
	for _, p := range from.Phones {
		if err := from.PointPhone(p.Name, to.TFTPServers()...); err != nil {
			t.Fatal(err)
		}
	}
	allAccept(t, from)
}

// Security By Default, "Centralised TFTP": an ITLFile.tlv of the central
// server makes the phones of another cluster refuse what is theirs.
func TestScenarioCentralTFTP(t *testing.T) {
	central, other := up(t, Options{Version: "10.5", NonSecure: true}), up(t, Options{Version: "10.5", NonSecure: true, NoITL: true})
	if err := other.PointPhone(other.Phones[0].Name, central.TFTPServers()...); err != nil {
		t.Fatal(err)
	}
	want(t, other, map[string]string{"7975": "yyy"}) // takes the central ITL blindly
	if err := other.PointPhone(other.Phones[0].Name); err != nil {
		t.Fatal(err)
	}
	want(t, other, map[string]string{"7975": "yyn"}) // and refuses its own cluster's configuration
}
