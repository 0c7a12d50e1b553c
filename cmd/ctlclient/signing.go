package main

import (
	"context"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/token"
	"ctlclient/workflow"
)

// signOptions are the flags of every job whose file a token signs. The tokens to add have
// a flag of their own in each command.
type signOptions struct {
	jobOptions
	signWith   string
	tokens     []string
	digest     string
	serial     string
	serverSAST string
}

func (o *signOptions) add(a *app, c *cobra.Command) {
	o.jobOptions.add(a, c)
	f := c.Flags()
	f.StringVar(&o.signWith, "sign-with", "", "signing token, a PKCS#11 `URI`")
	f.StringVar(&o.out, "out", "", "write the signed file to a `file`; the cluster is not changed")
	f.StringVar(&o.digest, "digest", "", "`sha1|sha256|sha512` (default: as the current CTL)")
	f.StringVar(&o.serial, "serial-order", "little-endian", "serial numbers of new token records: `little-endian|big-endian`")
	f.StringVar(&o.serverSAST, "server-sast", "auto",
		"CallManager and ITLRecovery as SAST: `auto|keep|drop` (auto: an update leaves them as they are; a first token CTL keeps them from CUCM 11.5 on)")
}

// signing reads the flags, before anything is connected to.
func (o *signOptions) signing() (sg workflow.Signing, err error) {
	if sg.SerialOrder, err = serialOrder(o.serial); err != nil {
		return sg, err
	}
	if o.digest != "" {
		if sg.Digest, err = ctlbuild.ParseDigest(o.digest); err != nil {
			return sg, usagef("--digest sha1, sha256 or sha512", "%v", err)
		}
	}
	if sg.ServerSAST, err = serverSAST(o.serverSAST); err != nil {
		return sg, err
	}
	if o.signWith == "" {
		return sg, usagef("--sign-with pkcs11:token=LABEL; ctlclient token list shows what is there", "--sign-with is missing")
	}
	with, err := parseTokenURI(o.signWith)
	if err != nil {
		return sg, err
	}
	sg.With = &with
	sg.Tokens, sg.TokenCerts, err = tokenArgs(o.tokens)
	return sg, err
}

func serverSAST(s string) (workflow.ServerSAST, error) {
	switch s {
	case "auto", "":
		return workflow.ServerSASTAuto, nil
	case "keep":
		return workflow.ServerSASTKeep, nil
	case "drop":
		return workflow.ServerSASTDrop, nil
	}
	return "", usagef("--server-sast auto, keep or drop", "unknown --server-sast %q", s)
}

// warnOfShapes says which of the tokens that a list gains are not like a SAST: whatever is
// added becomes what phones trust.
func (a *app) warnOfShapes(records []*ctlbuild.Record) {
	for _, r := range records {
		if !r.IsToken() {
			continue
		}
		c, err := token.ReadCertificate(r.Certificate())
		if err != nil {
			continue // what cannot be read is a hazard, and said as one
		}
		for _, o := range c.Oddities() {
			a.warn("%s is not like a SAST, and phones will trust it as one: %s", ctlbuild.Printable(r.CN()), message.Words(o.String()))
		}
	}
}

// tokenArgs sorts tokens that are named by URI from those given as a certificate file.
func tokenArgs(args []string) (uris []token.URI, certs [][]byte, err error) {
	for _, arg := range args {
		if strings.HasPrefix(arg, "pkcs11:") {
			u, err := parseTokenURI(arg)
			if err != nil {
				return nil, nil, err
			}
			uris = append(uris, u)
			continue
		}
		if _, err := os.Stat(arg); err != nil {
			return nil, nil, usagef("a token is pkcs11:token=LABEL, or the .cer that ctlclient token export wrote",
				"%q is neither a token URI nor a certificate file", arg)
		}
		data, err := readPath(arg)
		if err != nil {
			return nil, nil, err
		}
		certs = append(certs, data)
	}
	return uris, certs, nil
}

// signTo signs and keeps the file; the cluster is left as it is.
func (a *app) signTo(ctx context.Context, s *workflow.Session, p *workflow.Plan, out string) error {
	agreed, err := s.Agree(ctx, p, workflow.ToSave)
	if err != nil {
		return err
	}
	signed, err := s.Sign(ctx, agreed)
	if err != nil {
		return err
	}
	return a.keepSigned(signed, out)
}

// keepSigned writes the signed file.
func (a *app) keepSigned(l *ctlbuild.List, out string) error {
	if err := createNew(out, l.Bytes(), 0o600); err != nil {
		return err
	}
	if a.json {
		return a.result(map[string]any{"file": out, "md5": l.MD5(), "sha1": l.SHA1(), "bytes": len(l.Bytes())})
	}
	a.printf("%s: signed, %d bytes, MD5 %s. The cluster was not changed; to distribute the file: %s\n", out, len(l.Bytes()), l.MD5(), a.ofCluster("distribute "+typed(out, runtime.GOOS)))
	return nil
}
