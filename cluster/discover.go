package cluster

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"strconv"
	"sync"
	"time"

	"ctlclient/cluster/reach/agent"
	"ctlclient/cluster/reach/cucm"
	"ctlclient/cluster/reach/serve"
	"ctlclient/cluster/site"
)

// Found says what answers at an address.
type Found struct {
	Agent bool // a CTL Provider of ours
	Other bool // a service on 2444 that is not ours, such as Cisco's own CTL Provider
	AXL   bool // a CUCM as Cisco ships it
	SSH   bool
	Files bool // files over TFTP or HTTP
	CTL   bool // a CTL file among them
	// Silent says for each port that was asked and did not answer why.
	Silent map[string]error
}

// Publisher is the kind of publisher that fits what was found, as a profile spells it;
// "" where nothing did.
func (f Found) Publisher() string {
	switch {
	case f.Agent:
		return site.PublisherCTLP
	case f.AXL:
		return site.PublisherCUCM
	case f.SSH && f.Files:
		return site.PublisherNone
	}
	return ""
}

// discoverTimeout of each question.
const discoverTimeout = 8 * time.Second

// Discover finds out what answers on a node's ports. No account is used, and who answers
// is not judged: that comes before a password is asked for.
func Discover(ctx context.Context, n site.Node) (Found, error) {
	f := Found{Silent: map[string]error{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	ask := func(what string, question func(context.Context) error) {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, discoverTimeout)
			defer cancel()
			if err := question(ctx); err != nil {
				mu.Lock()
				f.Silent[what] = err
				mu.Unlock()
			}
		})
	}
	ask(strconv.Itoa(n.Port(site.PortCTLP)), func(ctx context.Context) (err error) {
		f.Agent, err = agent.Answers(ctx, n.Addr(site.PortCTLP), discoverTimeout)
		f.Other = err == nil && !f.Agent
		return err
	})
	ask(strconv.Itoa(n.Port(site.PortHTTPS)), func(ctx context.Context) (err error) {
		f.AXL, err = cucm.Answers(ctx, n.Addr(site.PortHTTPS), discoverTimeout)
		return err
	})
	ask("SSH", func(ctx context.Context) (err error) {
		f.SSH, err = speaksSSH(ctx, n.Addr(site.PortSFTP))
		return err
	})
	ask("TFTP", func(ctx context.Context) error {
		_, _, err := serve.Fetch(ctx, n, CTLFile, discoverTimeout)
		f.CTL = err == nil
		f.Files = err == nil || errors.Is(err, fs.ErrNotExist)
		if f.Files {
			return nil
		}
		return err
	})
	wg.Wait()
	return f, ctx.Err()
}

// speaksSSH reads the first word of whoever answers.
func speaksSSH(ctx context.Context, addr string) (bool, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	if until, ok := ctx.Deadline(); ok {
		if err := conn.SetReadDeadline(until); err != nil {
			return false, err
		}
	}
	word := make([]byte, 4)
	_, err = io.ReadFull(conn, word)
	return string(word) == "SSH-", err
}
