//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/protocol/ctlp"
)

// A restore that puts another folder in the place of the one that is served (mv, mkdir,
// cp) is found out: a job changes nothing and says why, and after a restart it is done.
func TestProviderFolderReplaced(t *testing.T) {
	s := newServed(t)
	s.start()
	before := s.live()
	staged := s.login("admin", nodePassword)
	id, err := staged.Stage(t.Context(), "CTLFile.tlv", []byte(before), s.expect())
	if err != nil {
		t.Fatal(err)
	}
	gone := s.folder + ".gone"
	if err := os.Rename(s.folder, gone); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(s.folder, 0o755); err != nil {
		t.Fatal(err)
	}
	s.write(filepath.Join(s.folder, "CTLFile.tlv"), before)
	if _, _, err := staged.Commit(t.Context(), id); ctlp.StatusOf(err) != ctlp.Internal || !strings.Contains(err.Error(), "was replaced") {
		t.Errorf("a commit into the folder that is gone: %v", err)
	}
	next := filepath.Join(s.dir, "next.tlv")
	s.build(next, "SAST-1", "SAST-2", "SAST-3")
	out := s.job(6, "distribute", next)
	if !strings.Contains(out, "was replaced while the CTL Provider had it open") || !strings.Contains(out, "restart the CTL Provider") {
		t.Errorf("the job does not say why: %s", out)
	}
	if s.live() != before {
		t.Error("the live file changed")
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	s.start()
	s.job(0, "distribute", next)
	if s.live() != s.read(next) {
		t.Error("after a restart the list is not served")
	}
}
