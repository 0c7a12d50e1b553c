//go:build linux

package interop

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"ctlclient/protocol/axl"
	"ctlclient/protocol/serviceability"
)

// TestNpmClients: the clients that others wrote for AXL and RisPort70 get the right
// answers from our servers. They know port 8443 alone.
func TestNpmClients(t *testing.T) {
	modules := npm(t)
	const host = "127.84.43.1"
	for _, release := range outermost {
		t.Run(release, func(t *testing.T) {
			b := newCUCM(release, 4)
			mux := http.NewServeMux()
			mux.Handle("/axl/", axl.NewServer(b))
			mux.Handle("/", serviceability.NewServer(ris{b}))
			serveTLS(t, net.JoinHostPort(host, "8443"), mux)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			c := exec.CommandContext(ctx, need(t, "node"), "--no-warnings", "cucm_client.js", host, release, "admin", "secret")
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
			if err := json.Unmarshal([]byte(strings.ReplaceAll(string(read(t, "cucm_answers.json")), "RELEASE", release)), &want); err != nil {
				t.Fatal(err)
			}
			compare(t, "", got, want)
		})
	}
}

// compare wants all of want in got; got may have more.
func compare(t *testing.T, where string, got, want any) {
	t.Helper()
	w, ok := want.(map[string]any)
	if !ok {
		if list, ok := want.([]any); ok {
			g, _ := got.([]any)
			if len(g) != len(list) {
				t.Errorf("%s: %v, want %v", where, got, want)
				return
			}
			for i := range list {
				compare(t, fmt.Sprintf("%s[%d]", where, i), g[i], list[i])
			}
			return
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", where, got, want)
		}
		return
	}
	g, _ := got.(map[string]any)
	for name, v := range w {
		compare(t, where+"."+name, g[name], v)
	}
}

// TestServerFromWSDL: our client gets the right answers from a server that is made from
// Cisco's WSDL.
func TestServerFromWSDL(t *testing.T) {
	modules := npm(t)
	pair, cert, key := identity(t)
	for _, release := range outermost {
		t.Run(release, func(t *testing.T) {
			server := exec.CommandContext(t.Context(), need(t, "node"), "--no-warnings", "cucm_server.js", filepath.Join(modules, "cisco-axl", "schema"), release, cert, key)
			server.Env = append(os.Environ(), "NODE_PATH="+modules)
			var words bytes.Buffer
			server.Stderr = &words
			stdin, err := server.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := server.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				stdin.Close()
				if err := server.Wait(); err != nil {
					t.Errorf("the server: %v", err)
				}
				if t.Failed() {
					t.Logf("it said:\n%s", words.Bytes())
				}
			}()
			port, err := bufio.NewReader(stdout).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			c, err := axl.New(net.JoinHostPort("127.0.0.1", strings.TrimSpace(port)), options(pair.Certificate[0]))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			askServerFromWSDL(t, c, release)
		})
	}
}

func askServerFromWSDL(t *testing.T, c *axl.Client, release string) {
	t.Helper()
	ctx := t.Context()
	expect := func(what string, err error, got, want any) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", what, got, err, want)
		}
	}
	v, err := c.Version(ctx)
	expect("version", err, v, axl.Version{Full: release + ".1.10000-1", Schema: release})
	nodes, err := c.Nodes(ctx)
	expect("nodes", err, nodes, []axl.Node{{Name: "cucm-pub", Description: "first & only", Publisher: true}})
	services, err := c.Services(ctx)
	expect("services", err, services, []axl.Service{{Node: "cucm-pub", Name: "Cisco Tftp", Active: true}})
	mixed, err := c.Mixed(ctx)
	expect("mode", err, mixed, true)
	pools, err := c.Pools(ctx)
	expect("pools", err, pools, []axl.Pool{{Name: "Default", Group: "Default", Members: []string{"cucm-pub", "cucm-sub"}}})
	n, err := c.CountPhones(ctx)
	expect("count", err, n, 5)
	features, err := c.SecurityByDefault(ctx)
	expect("features", err, len(features), 0)
	var names []string
	err = c.Phones(ctx, func(page []axl.Phone) error {
		for _, p := range page {
			if p.DevicePool != "Default" || p.Model != "Cisco 8845" {
				t.Errorf("%+v", p)
			}
			names = append(names, p.Name)
		}
		return nil
	})
	expect("phones", err, names, []string{"SEP000000000001", "SEP000000000002", "SEP000000000003", "SEP000000000004", "SEP000000000005"})
	check(t, "reset", c.ResetPhone(ctx, "SEP000000000005", axl.Reset))
	err = c.ResetPhone(ctx, "SEPFFFFFFFFFFFF", axl.Restart)
	if f, ok := errors.AsType[*axl.Fault](err); !ok || f.Code != 5007 {
		t.Errorf("unknown phone: %v", err)
	}
}
