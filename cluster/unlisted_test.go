package cluster

import (
	"testing"

	"ctlclient/cluster/reach"
	"ctlclient/cluster/site"
)

func TestUnlistedNodesAreNamed(t *testing.T) {
	p := &site.Profile{LeaveOut: []string{"cucm-imp1"}, Nodes: []site.Node{
		{Name: "hq", Role: "publisher", Address: "cucm.example.org"},
		{Name: "sub1", Role: "subscriber", Address: "192.0.2.2"},
		{Name: "branch", Role: "subscriber", Address: "192.0.2.3"},
		{Name: "tftp-1", Role: "tftp", Address: "192.0.2.9"},
	}}
	s := &Snapshot{Facts: reach.Facts{Servers: []reach.Server{
		{Name: "cucm-pub", Address: "192.0.2.1", Publisher: true}, // listed under another name
		{Name: "sub1", Address: "192.0.2.2"},
		{Name: "cucm-sub2", Address: "192.0.2.3"}, // the address is the profile's
		{Name: "cucm-imp1", Address: "192.0.2.7"}, // left out on purpose
		{Name: "cucm-sub3", Address: "192.0.2.4"},
	}}}
	got := s.Unlisted(p)
	if len(got) != 1 || got[0].Name != "cucm-sub3" || got[0].Address != "192.0.2.4" || got[0].Role != "subscriber" {
		t.Fatalf("unlisted nodes: %+v, want cucm-sub3 alone", got)
	}
}
