package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"ctlclient/lab"
	"ctlclient/message"
	"ctlclient/trust"
)

var _ lab.Control = (*Remote)(nil)

// Remote is a lab that runs in another process. Its methods are those of Lab.
type Remote struct {
	Dir     string
	Profile string

	control controlFile
	client  *http.Client
}

// NotRunningError: no lab runs in the folder. Stale tells that one did and
// ended without clearing up.
type NotRunningError struct {
	Dir   string
	Stale bool
	Err   error
}

// Error is Said in English.
func (e *NotRunningError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *NotRunningError) Said() error {
	if e.Stale {
		return message.Errorf("the lab in %s has ended without saying so", e.Dir)
	}
	return message.Errorf("no lab runs in %s", e.Dir)
}

func (e *NotRunningError) Unwrap() error { return e.Err }

// Hints name the next step.
func (e *NotRunningError) Hints() []message.Message {
	return message.Hint("start it in another terminal: %s", message.Action{Do: message.Rehearse, File: e.Dir})
}

// remoteTimeout bounds one verb: phones boot within it, whatever is down.
const remoteTimeout = 2 * time.Minute

// Dial finds the lab that runs in dir. Without one the error is a
// *NotRunningError.
func Dial(dir string) (*Remote, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, lab.ControlFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &NotRunningError{Dir: dir, Err: err}
	}
	if err != nil {
		return nil, err
	}
	r := &Remote{Dir: dir, Profile: filepath.Join(dir, lab.ProfileFile), client: &http.Client{Timeout: remoteTimeout}}
	if err := json.Unmarshal(data, &r.control); err != nil {
		return nil, message.Errorf("read %s: %w", lab.ControlFile, err)
	}
	if _, err := r.Status(); err != nil {
		// Nobody there, or somebody else who has the port by now.
		return nil, &NotRunningError{Dir: dir, Stale: true, Err: err}
	}
	return r, nil
}

// Close ends idle connections; the lab runs on.
func (r *Remote) Close() error {
	r.client.CloseIdleConnections()
	return nil
}

// do asks for a verb. An error of the lab comes back in its words.
func (r *Remote) do(ctx context.Context, verb string, c call) (reply, error) {
	req, err := r.request(verb, c)
	if err != nil {
		return reply{}, err
	}
	return r.send(req.WithContext(ctx))
}

// tell is do for verbs that do not wait for anybody; the client's timeout
// bounds them.
func (r *Remote) tell(verb string, c call) error {
	req, err := r.request(verb, c)
	if err != nil {
		return err
	}
	_, err = r.send(req)
	return err
}

func (r *Remote) request(verb string, c call) (*http.Request, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodPost, "http://"+r.control.Address+"/"+verb, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+r.control.Token)
	return req, nil
}

func (r *Remote) send(req *http.Request) (reply, error) {
	resp, err := r.client.Do(req)
	if err != nil {
		return reply{}, message.Errorf("ask the lab: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusUnprocessableEntity {
		return reply{}, message.Errorf("ask the lab: %s", resp.Status)
	}
	var out reply
	if err := json.NewDecoder(io.LimitReader(resp.Body, 16<<20)).Decode(&out); err != nil {
		return reply{}, message.Errorf("ask the lab: %w", err)
	}
	return out, out.Error.Err()
}

// Status of the lab now.
func (r *Remote) Status() (lab.Status, error) {
	req, err := r.request("status", call{})
	if err != nil {
		return lab.Status{}, err
	}
	out, err := r.send(req)
	if err != nil {
		return lab.Status{}, err
	}
	if out.Status == nil {
		return lab.Status{}, message.NewError("ask the lab: no status in its answer")
	}
	return *out.Status, nil
}

// TrustCertificate is Lab.TrustCertificate.
func (r *Remote) TrustCertificate(der []byte) error { return r.tell("trust", call{Certificate: der}) }

// Distrust is Lab.Distrust.
func (r *Remote) Distrust(der []byte) error { return r.tell("distrust", call{Certificate: der}) }

// Regenerate is Lab.Regenerate.
func (r *Remote) Regenerate(node, what string) error {
	return r.tell("regenerate", call{Node: node, What: what})
}

// RenameHost is Lab.RenameHost.
func (r *Remote) RenameHost(node, name string) error {
	return r.tell("rename", call{Node: node, What: name})
}

// RestoreBackup is Lab.RestoreBackup.
func (r *Remote) RestoreBackup(node string) error { return r.tell("restore", call{Node: node}) }

// PrepareRollback is Lab.PrepareRollback.
func (r *Remote) PrepareRollback(on bool) error { return r.tell("rollback", call{On: on}) }

// RefuseExport is Lab.RefuseExport.
func (r *Remote) RefuseExport(on bool) error { return r.tell("export", call{On: on}) }

// ClearPhone is Lab.ClearPhone.
func (r *Remote) ClearPhone(name string) error { return r.tell("clear", call{Phone: name}) }

// PointPhone is Lab.PointPhone.
func (r *Remote) PointPhone(name string, servers ...string) error {
	return r.tell("point", call{Phone: name, Servers: servers})
}

// SetFault is Lab.SetFault.
func (r *Remote) SetFault(name string, n int) error {
	return r.tell("fault", call{What: name, Count: n})
}

// Stop is Lab.Stop.
func (r *Remote) Stop(name string) error { return r.tell("stop", call{Node: name}) }

// Start is Lab.Start.
func (r *Remote) Start(name string) error { return r.tell("start", call{Node: name}) }

// RestartServices is Lab.RestartServices.
func (r *Remote) RestartServices(ctx context.Context) error {
	_, err := r.do(ctx, "restart", call{})
	return err
}

// RestartPhones is Lab.RestartPhones. The phones hold what their files on disk
// say; the records that decided are not sent, the reasons are.
func (r *Remote) RestartPhones(ctx context.Context) ([]lab.Boot, error) {
	return r.phones(ctx, call{})
}

// RestartPhone is RestartPhones for one.
func (r *Remote) RestartPhone(ctx context.Context, name string) (lab.Boot, error) {
	boots, err := r.phones(ctx, call{Phone: name})
	if err != nil {
		return lab.Boot{}, err
	}
	if len(boots) != 1 {
		return lab.Boot{}, message.Errorf("ask the lab: %d boots of one phone", len(boots))
	}
	return boots[0], nil
}

// Directories is Lab.Directories.
func (r *Remote) Directories(ctx context.Context, name string) (lab.Page, error) {
	out, err := r.do(ctx, "directories", call{Phone: name})
	if err != nil {
		return lab.Page{}, err
	}
	if out.Page == nil {
		return lab.Page{}, message.NewError("ask the lab: no page in its answer")
	}
	return lab.Page{URL: out.Page.URL, Verdict: out.Page.Verdict.verdict(trust.Phone{Name: name}), Remembered: out.Page.Remembered}, nil
}

func (r *Remote) phones(ctx context.Context, c call) ([]lab.Boot, error) {
	out, err := r.do(ctx, "phones", c)
	if err != nil {
		return nil, err
	}
	var boots []lab.Boot
	for _, b := range out.Boots {
		p, err := lab.ReadPhone(r.Dir, b.Phone)
		if err != nil {
			return nil, err
		}
		held := trust.Phone{Name: p.Name, Model: p.Model, CTL: p.CTL, ITL: p.ITL}
		boot := lab.Boot{Phone: p, CTL: b.CTL.verdict(held), ITL: b.ITL.verdict(held), Config: b.Config.verdict(held),
			Took: b.Took, Server: b.Server, Console: b.Console, Err: b.Error.Err()}
		boots = append(boots, boot)
	}
	return boots, nil
}
