package lab

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/internal/atomicfile"
	"ctlclient/message"
	"ctlclient/protocol/tftp"
	"ctlclient/trust"
)

// Phone is a phone of the lab. What it holds is on disk, as in a phone's flash:
// the CTL and ITL it accepted last and the TVS servers that its configuration
// named.
type Phone struct {
	Name, Model string
	// CTL and ITL held; nil: none. They change when the phone boots or is
	// cleared, so read them between.
	CTL, ITL *ctlbuild.List

	lab *Lab
	st  *phoneState
	dir string
	mu  sync.Mutex // one boot at a time, or one button
	// asker holds TVS's answers until the next boot; nil before the first.
	asker *asker
}

// Boot of one phone.
type Boot struct {
	Phone  *Phone
	CTL    trust.Verdict
	ITL    trust.Verdict
	Config trust.Verdict
	Took   time.Duration
	// Server is the TFTP server that answered, host:port; empty when none did.
	Server string
	// Console is what the phone printed.
	Console []string
	// Err says why the phone did not get through: no TFTP server answered, or
	// the boot was broken off. A refused file is no error.
	Err error
}

// Accepted reports that the phone took everything it was offered.
func (b *Boot) Accepted() bool {
	return b.Err == nil && b.CTL.Accept && b.ITL.Accept && b.Config.Accept
}

// Reason is why the phone refused, in a sentence, or why it took what it took.
func (b *Boot) Reason() string {
	if b.Err != nil {
		return b.Err.Error()
	}
	_, v := b.Telling()
	return v.Reason
}

// Telling is the file that says most about the boot, and its verdict: the first that was
// refused, else the CTL, else, where none is served, the ITL.
func (b *Boot) Telling() (file string, v trust.Verdict) {
	switch {
	case !b.CTL.Accept:
		return "CTL", b.CTL
	case !b.ITL.Accept:
		return "ITL", b.ITL
	case !b.Config.Accept:
		return "configuration", b.Config
	case b.CTL.Reason == notServed("CTL").String() && !b.ITL.Phone.NoSBD:
		return "ITL", b.ITL
	}
	return "CTL", b.CTL
}

// notServed is the reason of a verdict about a list that no server has.
func notServed(kind string) message.Message {
	return message.Phrase("No %s is served; the phone keeps what it holds.", kind)
}

// because gives a verdict its reason.
func because(v trust.Verdict, why message.Message) trust.Verdict {
	v.Why, v.Reason = why, why.String()
	return v
}

// ErrNoTFTP: none of the phone's TFTP servers answered.
var ErrNoTFTP = message.NewError("no TFTP server answers")

func (l *Lab) loadPhones() error {
	for i := range l.st.Phones {
		st := &l.st.Phones[i]
		p := &Phone{Name: st.Name, Model: st.Model, lab: l, st: st, dir: filepath.Join(l.Dir, dirPhones, st.Name)}
		if err := atomicfile.MakeFolder(p.dir); err != nil {
			return err
		}
		var err error
		if p.CTL, err = p.load(ctlName); err != nil {
			return err
		}
		if p.ITL, err = p.load(itlName); err != nil {
			return err
		}
		l.Phones = append(l.Phones, p)
	}
	return l.writeFleet()
}

// ReadPhone reads what a phone of the lab in dir holds, whoever runs it.
func ReadPhone(dir, name string) (*Phone, error) {
	st, err := loadState(dir)
	if err != nil {
		return nil, err
	}
	for i := range st.Phones {
		s := &st.Phones[i]
		if s.Name != name {
			continue
		}
		p := &Phone{Name: s.Name, Model: s.Model, st: s, dir: filepath.Join(dir, dirPhones, s.Name)}
		if p.CTL, err = p.load(ctlName); err != nil {
			return nil, err
		}
		p.ITL, err = p.load(itlName)
		return p, err
	}
	return nil, message.Errorf("the lab has no phone %q", name)
}

func (p *Phone) load(name string) (*ctlbuild.List, error) {
	data, err := os.ReadFile(filepath.Join(p.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	held, err := ctlbuild.Parse(data)
	if err != nil {
		return nil, message.Errorf("%s of %s: %w", name, p.Name, err)
	}
	return held, nil
}

// RestartPhones makes every phone boot, side by side: fetch CTL, ITL and
// configuration over TFTP, ask TVS where it must, accept or refuse. The boots
// are in the order of Phones. The error is ctx's; what befell a phone is in its
// Boot.
func (l *Lab) RestartPhones(ctx context.Context) ([]Boot, error) {
	boots := make([]Boot, len(l.Phones))
	var wg sync.WaitGroup
	for i, p := range l.Phones {
		wg.Go(func() { boots[i] = p.restart(ctx) })
	}
	wg.Wait()
	return boots, errors.Join(ctx.Err(), l.savePhones())
}

// RestartPhone makes one phone boot.
func (l *Lab) RestartPhone(ctx context.Context, name string) (Boot, error) {
	p, err := l.Phone(name)
	if err != nil {
		return Boot{}, err
	}
	b := p.restart(ctx)
	return b, errors.Join(ctx.Err(), l.savePhones())
}

// savePhones writes down what phones know after a boot.
func (l *Lab) savePhones() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.writeFleet(), l.st.save(l.Dir))
}

// ClearPhone deletes the lists that a phone holds, as a person does by hand at
// the phone: Settings, Security Configuration, Trust List.
func (l *Lab) ClearPhone(name string) error {
	p, err := l.Phone(name)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range []string{ctlName, itlName} {
		if err := os.Remove(filepath.Join(p.dir, f)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	l.log.printf("%s: cleared by hand", name)
	l.mu.Lock()
	defer l.mu.Unlock()
	p.CTL, p.ITL, p.st.TVS = nil, nil, nil
	return errors.Join(l.writeFleet(), l.st.save(l.Dir))
}

// PointPhone gives a phone other TFTP servers (host:port, in order), as a new
// DHCP option 150 does: the way a phone moves to another cluster. None: the
// cluster's own.
func (l *Lab) PointPhone(name string, servers ...string) error {
	p, err := l.Phone(name)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p.st.Servers = servers
	l.log.printf("%s: TFTP servers are now %s", name, strings.Join(servers, ", "))
	return l.st.save(l.Dir)
}

// TFTPServers of the cluster, host:port, in the order in which phones ask.
func (l *Lab) TFTPServers() []string {
	var out []string
	for _, n := range l.callManagers() {
		out = append(out, hostPort(n.Address, n.Ports().TFTP))
	}
	return out
}

// Describe is the phone as trust knows it: what it holds and whom it can ask.
func (p *Phone) Describe() trust.Phone {
	can, known, _ := trust.CanAskTVS(p.Model)
	p.lab.mu.Lock()
	defer p.lab.mu.Unlock()
	return trust.Phone{Name: p.Name, Model: p.Model, NoSBD: known && !can, CTL: p.CTL, ITL: p.ITL, TVS: p.st.TVS}
}

// ConsoleFile is the phone's log, the newest boot last.
func (p *Phone) ConsoleFile() string { return filepath.Join(p.dir, "console.log") }

// restart makes the phone boot.
func (p *Phone) restart(ctx context.Context) Boot {
	p.mu.Lock()
	defer p.mu.Unlock()
	start := time.Now()
	p.lab.booting(p)
	p.asker = newAsker(p)
	b := &boot{phone: p, ctx: ctx, asker: p.asker, out: Boot{Phone: p}}
	p.lab.mu.Lock()
	b.servers = p.st.Servers
	p.lab.mu.Unlock()
	if len(b.servers) == 0 {
		b.servers = p.lab.TFTPServers()
	}
	b.run()
	p.lab.booted(p, &b.out)
	b.out.Took = time.Since(start)
	if err := p.writeConsole(b.out.Console); err != nil && b.out.Err == nil {
		b.out.Err = err
	}
	p.lab.log.printf("%s: booted: CTL %t, ITL %t, configuration %t", p.Name, b.out.CTL.Accept, b.out.ITL.Accept, b.out.Config.Accept)
	return b.out
}

// maxConsole bounds a phone's console; a real one keeps little too.
const maxConsole = 256 << 10

func (p *Phone) writeConsole(lines []string) error {
	former, err := os.ReadFile(p.ConsoleFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(former) > maxConsole {
		former = nil
	}
	return writeFile(p.ConsoleFile(), append(former, (strings.Join(lines, "\n")+"\n")...))
}

// boot is one boot in the making.
type boot struct {
	phone   *Phone
	ctx     context.Context
	asker   *asker
	servers []string // those that have not failed to answer yet
	// blank: the phone held nothing when it was switched on, and trusts both
	// lists of this boot blindly ("the next CTL or ITL downloaded").
	blank bool
	seq   int // of the TFTP lines
	out   Boot
}

func (b *boot) print(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	b.out.Console = append(b.out.Console, fmt.Sprintf("%4d: NOT %s %s", len(b.out.Console)+1, time.Now().Format("15:04:05.000000"), line))
}

// run follows docs/trust-list.md, section 6: CTL, then ITL, then the configuration.
func (b *boot) run() {
	p := b.phone.Describe()
	b.blank = p.CTL == nil && (p.ITL == nil || p.ITL.IsEmptyRollback())
	if b.out.CTL = b.list("CTL"); b.out.Err != nil {
		return
	}
	if p.NoSBD {
		b.out.ITL = because(trust.Verdict{Phone: p, Accept: true, Certain: true},
			message.Phrase("The phone has no Security By Default and never asks for an ITL."))
	} else if b.out.ITL = b.list("ITL"); b.out.Err != nil {
		return
	}
	b.out.Config = b.config()
}

// list fetches and judges a trust list, and keeps it when it is accepted.
func (b *boot) list(kind string) trust.Verdict {
	p := b.phone.Describe()
	own, common := kind+p.Name+".tlv", kind+"File.tlv"
	b.print("SECD: tlRequestFile: Request %s", own)
	data, err := b.fetch(own)
	if errors.Is(err, fs.ErrNotExist) {
		b.print("SECD: tlRequestFile: Request %s", common)
		data, err = b.fetch(common)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return because(trust.Verdict{Phone: p, Accept: true, Certain: true}, notServed(kind))
	}
	if err != nil {
		b.out.Err = err
		return because(trust.Verdict{Phone: p}, message.Phrase("%w", err))
	}
	offered, err := ctlbuild.Parse(data)
	if err != nil {
		b.print("Trust List Verification Failed")
		return because(trust.Verdict{Phone: p, Certain: true}, message.Phrase("What is served as %s is no trust list: %w.", kind, err))
	}
	held := p
	if b.blank {
		held.CTL, held.ITL = nil, nil
	}
	o := trust.Offer{CTL: offered}
	if kind == "ITL" {
		o = trust.Offer{ITL: offered}
	}
	v := trust.Assess(b.ctx, held, o, b.asker)
	b.verdict(v)
	if !v.Accept {
		return v
	}
	if err := b.phone.keep(kind, offered); err != nil {
		b.out.Err = err
	}
	return v
}

// verdict prints what the phone prints, the request left out: it was printed
// when it was made.
func (b *boot) verdict(v trust.Verdict) {
	for _, line := range v.Console {
		if !strings.HasPrefix(line, "SECD: tlRequestFile:") {
			b.print("%s", line)
		}
	}
}

// keep stores an accepted list.
func (p *Phone) keep(kind string, l *ctlbuild.List) error {
	if err := writeFile(filepath.Join(p.dir, kind+"File.tlv"), l.Bytes()); err != nil {
		return err
	}
	p.lab.mu.Lock()
	defer p.lab.mu.Unlock()
	if kind == "CTL" {
		p.CTL = l
	} else {
		p.ITL = l
	}
	return nil
}

// config fetches the configuration: signed as soon as the phone holds a list.
func (b *boot) config() trust.Verdict {
	p := b.phone.Describe()
	name := p.Name + ".cnf.xml"
	signed := p.CTL != nil && !p.CTL.NonSecure() || p.ITL != nil && !p.NoSBD
	if signed {
		name += ".sgn"
		b.print("tftpClient: authenticated file approved - add .sgn -- %s", name)
	}
	data, err := b.fetch(name)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			b.out.Err = err
		}
		return because(trust.Verdict{Phone: p, Certain: true}, message.Phrase("The phone does not get %s: %w.", name, err))
	}
	if !signed {
		v := because(trust.Verdict{Phone: p, Accept: true, Certain: true}, message.Phrase("The phone holds no list and takes any configuration."))
		if p.CTL != nil {
			v = because(v, message.Phrase("The CTL held lists the servers by address alone: the phone takes a configuration without a signature."))
		}
		b.configured(data, &v)
		return v
	}
	e, err := ctlbuild.ParseEnvelope(data)
	if err != nil {
		return because(trust.Verdict{Phone: p, Certain: true}, message.Phrase("%s is no signed file: %w.", name, err))
	}
	v := trust.Assess(b.ctx, p, trust.Offer{Config: e}, b.asker)
	b.verdict(v)
	if v.Accept {
		b.configured(e.Content, &v)
	}
	return v
}

// configured takes the TVS servers out of an accepted configuration.
func (b *boot) configured(content []byte, v *trust.Verdict) {
	var c deviceConfig
	if err := xml.Unmarshal(content, &c); err != nil {
		v.Accept, v.Reason = false, "The configuration cannot be read: "+err.Error()+"."
		return
	}
	b.phone.lab.mu.Lock()
	b.phone.st.TVS = c.servers()
	b.phone.lab.mu.Unlock()
}

// fetch asks the phone's TFTP servers in order. One that does not answer is
// not asked again in this boot; the first that answers decides.
func (b *boot) fetch(name string) ([]byte, error) {
	for len(b.servers) > 0 {
		server := b.servers[0]
		b.seq++
		b.print("TFTP: [%d]:Requesting %s from %s", b.seq, name, server)
		if b.out.Server != server && deaf(server) {
			b.print("TFTP: [%d]:Failed --> nobody listens", b.seq)
			b.servers = b.servers[1:]
			continue
		}
		data, err := tftp.Get(b.ctx, server, name, tftp.Options{Timeout: tftpTimeout, Retries: tftpRetries, MaxSize: ctlbuild.MaxFile})
		switch {
		case err == nil:
			b.out.Server = server
			b.print("TFTP: [%d]:Finished --> rcvd %d bytes", b.seq, len(data))
			return data, nil
		case errors.Is(err, fs.ErrNotExist):
			b.out.Server = server
			b.print("TFTP: [%d]:Failed --> File not found", b.seq)
			return nil, err
		case b.ctx.Err() != nil:
			return nil, b.ctx.Err()
		}
		b.print("TFTP: [%d]:Failed --> %v", b.seq, err)
		b.servers = b.servers[1:]
	}
	return nil, ErrNoTFTP
}

// deaf reports that nobody listens at a UDP address, where the system says so.
// It spares the phones of a lab the minutes that real ones wait for a server
// whose plug is pulled.
func deaf(addr string) bool {
	c, err := net.Dial("udp", addr)
	if err != nil {
		return false
	}
	defer c.Close()
	// One byte is no TFTP request; a server drops it.
	if _, err := c.Write([]byte{0}); err != nil {
		return errors.Is(err, syscall.ECONNREFUSED)
	}
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
		return false
	}
	_, err = c.Read(make([]byte, 1))
	return errors.Is(err, syscall.ECONNREFUSED)
}

// A phone gives a TFTP server these chances before it turns to the next.
const (
	tftpTimeout = time.Second
	tftpRetries = 2
)
