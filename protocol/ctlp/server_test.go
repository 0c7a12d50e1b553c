package ctlp

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// The whole way of one update, on real sockets.
func TestUpdate(t *testing.T) {
	n := startNode(t, nil)
	old := n.put(t, ctlFile, "old")
	ctx := t.Context()
	c := n.dial(t)
	server, err := c.Login(ctx, testUser, []byte(testPassword))
	if err != nil || server != "test node 1.0" {
		t.Fatalf("login: %q, %v", server, err)
	}
	cl, err := c.Cluster(ctx)
	want, _ := n.be.Cluster(ctx)
	if err != nil || !reflect.DeepEqual(cl, want) {
		t.Fatalf("cluster: %+v, %v; want %+v", cl, err, want)
	}
	cs, err := c.Credentials(ctx)
	wantCs, _ := n.be.Credentials(ctx)
	if err != nil || !reflect.DeepEqual(cs, wantCs) {
		t.Fatalf("credentials: %+v, %v; want %+v", cs, err, wantCs)
	}
	f, err := c.Get(ctx, ctlFile)
	info, _ := os.Stat(filepath.Join(n.dir, ctlFile))
	if err != nil || string(f.Data) != "old" || f.SHA256 != *old || f.Name != ctlFile ||
		f.Path != filepath.Join(n.dir, ctlFile) || f.Time.Unix() != info.ModTime().Unix() {
		t.Fatalf("get: %+v, %v", f, err)
	}
	id, err := c.Stage(ctx, ctlFile, []byte("new"), old)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(filepath.Join(n.dir, ctlFile)); string(b) != "old" {
		t.Fatalf("the live file is %q before the commit", b)
	}
	path, sum, err := c.Commit(ctx, id)
	if err != nil || path != filepath.Join(n.dir, ctlFile) || sum != sha256.Sum256([]byte("new")) {
		t.Fatalf("commit: %q, %x, %v", path, sum, err)
	}
	wantFiles(t, n.dir, map[string]string{ctlFile: "new", ctlFile + ".previous": "old"})
	if info, _ := os.Stat(path); info.Mode() != 0o640 {
		t.Errorf("the new file has mode %v, the old one had 0640", info.Mode())
	}
	path, err = c.Delete(ctx, ctlFile, &sum)
	if err != nil || path != filepath.Join(n.dir, ctlFile) {
		t.Fatalf("delete: %q, %v", path, err)
	}
	wantFiles(t, n.dir, map[string]string{ctlFile + ".previous": "new"})
	mixed, err := c.SetMode(ctx, false)
	if err != nil || mixed {
		t.Fatalf("set mode: %v, %v", mixed, err)
	}
	if got := n.be.changed; !reflect.DeepEqual(got, []string{ctlFile, ctlFile}) {
		t.Errorf("the backend was told of changes %q", got)
	}
	if err := c.Close(); err != nil {
		t.Error("close:", err)
	}
}
