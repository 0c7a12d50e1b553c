//go:build linux

package interop

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ctlclient/protocol/axl"
	"ctlclient/protocol/serviceability"
)

// validate holds bodies against a schema, all of them at once.
func validate(t *testing.T, schema string, bodies []string) {
	t.Helper()
	dir := t.TempDir()
	args := []string{"--noout", "--schema", schema}
	for i, body := range bodies {
		args = append(args, write(t, dir, fmt.Sprintf("%03d.xml", i), []byte(body)))
	}
	if out, code := run(t, need(t, "xmllint"), args...); code != 0 {
		t.Errorf("exit code %d\n%s", code, out)
		for i, body := range bodies {
			if strings.Contains(out, fmt.Sprintf("%03d.xml fails", i)) {
				t.Logf("%03d.xml: %.2000s", i, body)
			}
		}
	}
}

// TestAXLSchema: every request that we send and every answer of our server is as Cisco's
// schema of four releases has it.
func TestAXLSchema(t *testing.T) {
	need(t, "xmllint")
	modules := npm(t)
	for _, release := range releases {
		t.Run(release, func(t *testing.T) {
			b := newCUCM(release, 3)
			s := axl.NewServer(b)
			p := &tape{handler: s}
			addr, der := serveTLS(t, "127.0.0.1:0", p)
			c, err := axl.New(addr, options(der))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			askEverything(t, c, b.phones[0].Name)
			var bodies []string
			for _, body := range p.bodies {
				// Finding out the release is older than any schema: it is the same but for
				// its namespace.
				body = strings.ReplaceAll(body, "http://www.cisco.com/AXL/API/1.0", "http://www.cisco.com/AXL/API/"+release)
				if _, detail, fault := strings.Cut(body, "<axlError>"); fault {
					detail, _, _ = strings.Cut(detail, "</axlError>")
					body = `<ns:axlError xmlns:ns="http://www.cisco.com/AXL/API/` + release + `">` + detail + `</ns:axlError>`
				}
				bodies = append(bodies, body)
			}
			if len(bodies) < 30 {
				t.Fatalf("%d bodies", len(bodies))
			}
			validate(t, filepath.Join(modules, "cisco-axl", "schema", release, "AXLSoap.xsd"), bodies)
			// The schema does refuse.
			if _, code := run(t, need(t, "xmllint"), "--noout", "--schema", filepath.Join(modules, "cisco-axl", "schema", release, "AXLSoap.xsd"),
				write(t, t.TempDir(), "bad.xml", []byte(strings.Replace(bodies[2], "returnedTags", "returnTags", 2)))); code == 0 {
				t.Error("nothing is refused: is the schema used?")
			}
		})
	}
}

// TestServiceabilitySchema: the same for RisPort70 and Control Center, whose WSDL no
// package of npm has: it is looked for in the folder CTLCLIENT_WSDL.
func TestServiceabilitySchema(t *testing.T) {
	folder := os.Getenv("CTLCLIENT_WSDL")
	if folder == "" {
		t.Skip("CTLCLIENT_WSDL names no folder with RISService70.wsdl and ControlCenterServices.wsdl")
	}
	b := newCUCM("14.0", 3)
	p := &tape{handler: serviceability.NewServer(ris{b})}
	addr, der := serveTLS(t, "127.0.0.1:0", p)
	c, err := serviceability.New(addr, options(der))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Sleep = func(context.Context, time.Duration) error { return nil }
	check(t, "phones", c.Phones(t.Context(), []string{b.phones[0].Name, "SEPFFFFFFFFFFFF"}, func(serviceability.Batch) error { return nil }))
	split := len(p.bodies)
	check(t, "restart", c.Restart(t.Context(), "cucm-pub", "Cisco Tftp", nil))
	for name, bodies := range map[string][]string{"RISService70.wsdl": p.bodies[:split], "ControlCenterServices.wsdl": p.bodies[split:]} {
		wsdl := string(read(t, filepath.Join(folder, name)))
		_, schema, _ := strings.Cut(wsdl, "<schema ")
		schema, _, _ = strings.Cut(schema, "</schema>")
		schema = `<schema xmlns:tns="http://schemas.cisco.com/ast/soap" xmlns:xsd="http://www.w3.org/2001/XMLSchema" ` + schema + "</schema>"
		validate(t, write(t, t.TempDir(), "schema.xsd", []byte(schema)), bodies)
	}
}
