//go:build linux

package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ctlclient/lab"
)

// TestNpmClientsOfTheLab: the same clients get right answers from the practice cluster.
func TestNpmClientsOfTheLab(t *testing.T) {
	modules := npm(t)
	l, err := lab.Up(t.Context(), lab.Options{Dir: t.TempDir(), CUCM: true, Version: "14SU3", KeyBits: 1024,
		Phones: []lab.PhoneSpec{{MAC: "000000000000", Model: "8861"}, {MAC: "000000000001", Model: "7962"}, {MAC: "000000000002", Model: "7841"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { check(t, "close", l.Close()) }()
	pub, sub := l.Nodes[0], l.Nodes[1]
	if pub.Ports().HTTPS != 8443 {
		t.Skip("port 8443 of the lab's addresses is taken")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, need(t, "node"), "--no-warnings", "cucm_client.js", pub.Address, "14.0", "admin", string(read(t, filepath.Join(l.Dir, "password"))))
	c.Env = append(os.Environ(), "NODE_PATH="+modules, "NODE_TLS_REJECT_UNAUTHORIZED=0")
	var words bytes.Buffer
	c.Stderr = &words
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, words.Bytes())
	}
	var got, want any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := json.Unmarshal([]byte(strings.NewReplacer("PUB", pub.Address, "SUB", sub.Address, "PAGE", l.Phones[1].Page().Addr().String()).Replace(labAnswers)), &want); err != nil {
		t.Fatal(err)
	}
	compare(t, "", got, want)
}

const labAnswers = `{
	"axl": {
		"version": {"componentVersion": {"version": "14.0.1.13900-42"}},
		"nodes": {"processNode": [
			{"name": "EnterpriseWideData"},
			{"name": "PUB", "nodeUsage": "Publisher"},
			{"name": "SUB", "nodeUsage": "Subscriber", "processNodeRole": "CUCM Voice/Video"}
		]},
		"phones": {"phone": [
			{"name": "SEP000000000001", "model": "Cisco 7962", "devicePoolName": {"value": "Default"}, "securityProfileName": {"value": "Cisco 7962 - Standard SIP Secure Profile"}},
			{"name": "SEP000000000002", "model": "Cisco 7841"}
		]},
		"none": null,
		"mode": {"row": [{"paramname": "ClusterSecurityMode", "paramvalue": "1"}]},
		"reset": "true",
		"fault": {"detail": {"axlError": {"axlcode": "5007", "request": "doDeviceReset"}}}
	},
	"risport": {
		"some": [
			{"ReturnCode": "Ok", "Name": "PUB", "CmDevices": {"item": [
				{"Name": "SEP000000000000", "Status": "Registered"},
				{"Name": "SEP000000000001", "IPAddress": {"item": {"IP": "PAGE", "IPAddrType": "ipv4"}}}
			]}},
			{"ReturnCode": "NotFound", "Name": "SUB"}
		],
		"none": [{"ReturnCode": "NotFound", "Name": "PUB"}, {"ReturnCode": "NotFound", "Name": "SUB"}]
	}
}`
