package workflow

import (
	"bytes"
	"strings"
	"testing"

	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
)

// credentials are what the publisher of ctltest's cluster presents.
func credentials(c *ctltest.Cluster) []reach.Credential {
	return []reach.Credential{
		{NodeName: ctltest.PubHost, NodeAddress: ctltest.PubIP, Function: ctlbuild.CCMTFTP, Certificate: c.Pub.DER},
		{NodeName: ctltest.PubHost, NodeAddress: ctltest.PubIP, Function: ctlbuild.CAPF, Certificate: c.CAPF.DER},
		{NodeName: ctltest.SubHost, NodeAddress: ctltest.SubIP, Function: ctlbuild.CCMTFTP, Certificate: c.Sub.DER},
	}
}

// brief is a draft in words: function, host and common name of each record.
func brief(d *ctlbuild.Draft) string {
	var lines []string
	for i := range d.Records {
		r := &d.Records[i]
		s := r.Function().Slug() + " " + r.DNSName() + " " + r.CN()
		if r.IsStub() {
			s = r.Function().Slug() + " " + r.DNSName() + " stub"
		}
		lines = append(lines, strings.TrimSpace(s))
	}
	return strings.Join(lines, "\n")
}

func TestCollectServers(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	spec := ctltest.Server(ctltest.SubHost)
	spec.Serial, spec.KeyName = ctltest.Hex("0102030405"), "another"
	newSub := ctltest.New(t, spec).DER
	multi := ctltest.New(t, ctltest.Server("cucm-1051-a-ms")).DER
	firewall := ctlbuild.Entry{Function: ctlbuild.CCM, Certificate: c.Recovery.DER, Host: "asa"}

	const tokens = "sast  SAST-ADN0054f509\n"
	for name, tc := range map[string]struct {
		start func() *ctlbuild.Draft
		creds func() []reach.Credential
		want  string
		notes []string
	}{
		"a list that is up to date stays as it is": {
			start: func() *ctlbuild.Draft { return c.ETokensDraft(t) },
			creds: func() []reach.Credential { return credentials(c) },
			want:  tokens + "ccm+tftp 10.48.47.155 cucm-1051-a-pub\ncapf 10.48.47.155 CAPF-e41e7d87\nccm+tftp 10.48.47.156 cucm-1051-a-sub1\nsast  SAST-ADN008580ef",
		},
		"stubs are filled in, where they stand": {
			start: func() *ctlbuild.Draft { return ctlbuild.Edit(c.NonSecure(t)) },
			creds: func() []reach.Credential { return credentials(c) },
			want:  tokens + "sast  SAST-ADN008580ef\nccm+tftp 10.48.47.155 cucm-1051-a-pub\ncapf 10.48.47.155 CAPF-e41e7d87\nccm+tftp 10.48.47.156 cucm-1051-a-sub1",
			notes: []string{"CCM+TFTP record of cucm-1051-a-pub: its certificate is listed again", "CCM+TFTP record of cucm-1051-a-sub1: its certificate is listed again"},
		},
		"an empty list takes all, by address": {
			start: ctlbuild.NewDraft,
			creds: func() []reach.Credential { return credentials(c) },
			want:  "ccm+tftp 10.48.47.155 cucm-1051-a-pub\ncapf 10.48.47.155 CAPF-e41e7d87\nccm+tftp 10.48.47.156 cucm-1051-a-sub1",
			notes: []string{"CCM+TFTP record of cucm-1051-a-pub added", "CAPF record of cucm-1051-a-pub added", "CCM+TFTP record of cucm-1051-a-sub1 added"},
		},
		"a regenerated certificate replaces its record in place, keeping the host": {
			start: func() *ctlbuild.Draft { return c.TokenlessDraft(t) },
			creds: func() []reach.Credential {
				cs := credentials(c)
				cs[2].Certificate = newSub
				return cs
			},
			want:  "sast cucm-1051-a-pub cucm-1051-a-pub\nccm+tftp cucm-1051-a-pub cucm-1051-a-pub\ncapf cucm-1051-a-pub CAPF-e41e7d87\nccm+tftp cucm-1051-a-sub1 cucm-1051-a-sub1",
			notes: []string{"CCM+TFTP record of cucm-1051-a-sub1 replaced"},
		},
		"a server is known by its short name, in any case": {
			start: func() *ctlbuild.Draft {
				d := ctlbuild.NewDraft()
				_, err := d.Add(ctlbuild.Entry{Function: ctlbuild.CCMTFTP, Certificate: c.Sub.DER, Host: "CUCM-1051-a-sub1.example.org"})
				if err != nil {
					t.Fatal(err)
				}
				return d
			},
			creds: func() []reach.Credential {
				return []reach.Credential{{NodeName: ctltest.SubHost, NodeAddress: ctltest.SubIP, Function: ctlbuild.CCMTFTP, Certificate: newSub}}
			},
			want:  "ccm+tftp CUCM-1051-a-sub1.example.org cucm-1051-a-sub1",
			notes: []string{"CCM+TFTP record of cucm-1051-a-sub1 replaced"},
		},
		"a multi-server certificate stands once, as the publisher's; what it took over from goes": {
			start: func() *ctlbuild.Draft { return c.ETokensDraft(t) },
			creds: func() []reach.Credential {
				cs := credentials(c)
				cs[0].Certificate, cs[2].Certificate = multi, multi
				return cs
			},
			want:  tokens + "ccm+tftp 10.48.47.155 cucm-1051-a-ms\ncapf 10.48.47.155 CAPF-e41e7d87\nsast  SAST-ADN008580ef",
			notes: []string{"CCM+TFTP record of cucm-1051-a-pub replaced", "CCM+TFTP record of cucm-1051-a-sub1 removed"},
		},
		"a firewall and an alternate TFTP server are nobody's business": {
			start: func() *ctlbuild.Draft {
				d := c.ETokensDraft(t)
				if _, err := d.Add(firewall); err != nil {
					t.Fatal(err)
				}
				return d
			},
			creds: func() []reach.Credential { return credentials(c)[:2] },
			want:  tokens + "ccm+tftp 10.48.47.155 cucm-1051-a-pub\ncapf 10.48.47.155 CAPF-e41e7d87\nccm+tftp 10.48.47.156 cucm-1051-a-sub1\nsast  SAST-ADN008580ef\nccm asa ITLRECOVERY_cucm-1051-a-pub",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := tc.start()
			before := recordBytes(d)
			notes, err := collectServers(d, tc.creds())
			if err != nil {
				t.Fatal(err)
			}
			if got := brief(d); got != tc.want {
				t.Errorf("records:\n%s\nwant:\n%s", got, tc.want)
			}
			if len(notes) != len(tc.notes) {
				t.Fatalf("notes %q, want %q", notes, tc.notes)
			}
			for i := range notes {
				if !strings.HasPrefix(notes[i].String(), tc.notes[i]) {
					t.Errorf("note %q, want %q", notes[i], tc.notes[i])
				}
			}
			if len(tc.notes) == 0 && !equalAll(before, recordBytes(d)) {
				t.Error("records changed byte for byte, and nothing was said")
			}
			if again, err := collectServers(d, tc.creds()); err != nil || len(again) != 0 {
				t.Errorf("a second time changes more: %q, %v", again, err)
			}
		})
	}
}

func recordBytes(d *ctlbuild.Draft) [][]byte {
	var all [][]byte
	for i := range d.Records {
		all = append(all, d.Records[i].Bytes())
	}
	return all
}

func equalAll(a, b [][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}
