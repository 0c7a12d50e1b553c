package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/token"
	"ctlclient/trust/hazard"
)

type fileBuildOptions struct {
	records   []string
	signWith  string
	digest    string
	name      string
	serial    string
	dialect   string
	version   string
	nameFirst bool
	force     bool
}

func newFileBuildCommand(a *app) *cobra.Command {
	var o fileBuildOptions
	c := &cobra.Command{
		Use:   "build OUT --record FUNCTION=CERT[,host=H][,ip=A]... --sign-with URI",
		Short: "Build a trust list from certificates and sign it",
		Long: `Build a trust list from nothing and sign it with a token. FUNCTION is one of sast,
ccm, ccm+tftp, tftp, capf, app-server, tvs, https; CERT is a PEM or DER file. The signing
token's certificate is added as SAST if it is not among the records. A sast record
without a host is written as a token's. What is dangerous in the list (one SAST alone, an
expired certificate) is said before the PIN is asked for.

https is a server that phones of open-source call servers trust for HTTPS provisioning: as
their builders do, it is listed as app-server, or, where its key is an EC key, as tftp in
a file with --signer-version 1.1. Files of Cisco's own have no such field.`,
		Example: `  ctlclient file build CTLFile.tlv \
    --record ccm+tftp=CallManager.pem,host=cucm-pub,ip=10.48.47.155 \
    --record capf=CAPF.pem,host=cucm-pub,ip=10.48.47.155 \
    --record sast=SAST-2.cer --sign-with pkcs11:token=SAST-1`,
		Args: exactly("OUT"),
		RunE: func(cmd *cobra.Command, args []string) error { return runFileBuild(cmd.Context(), a, o, args[0]) },
	}
	f := c.Flags()
	f.StringArrayVar(&o.records, "record", nil, "a `FUNCTION=CERT[,host=H][,ip=A]`; repeatable")
	f.StringVar(&o.signWith, "sign-with", "", "signing token, a PKCS#11 `URI`")
	f.StringVar(&o.digest, "digest", "sha1", "`sha1|sha256|sha512`")
	f.StringVar(&o.name, "name", ctlbuild.CTLFileName, "file name in the header: CTLFile.tlv or ITLFile.tlv")
	f.StringVar(&o.serial, "serial-order", "little-endian", "serial numbers of token records: `little-endian|big-endian`")
	f.StringVar(&o.dialect, "dialect", "ctl-client", "how server records are written: `ctl-client|tokenless`")
	f.BoolVar(&o.nameFirst, "ca-name-first", false, "write CANAME before SERIALNUMBER in the header, as some builders do")
	f.StringVar(&o.version, "signer-version", "", "write a SIGNERVERSION into the header: `1.0|1.1`")
	f.BoolVar(&o.force, "force", false, "replace OUT if it exists")
	return withExits(c, exitDone, exitUsage, exitToken, exitInterrupted)
}

func runFileBuild(ctx context.Context, a *app, o fileBuildOptions, out string) error {
	if o.signWith == "" {
		return usagef("--sign-with pkcs11:token=LABEL; ctlclient token list shows what is there", "--sign-with is missing")
	}
	d, err := a.buildDraft(ctx, o)
	if err != nil {
		return err
	}
	// All input and the place of the output are looked at before the token is touched.
	if err := creatable(out, o.force); err != nil {
		return err
	}
	u, err := parseTokenURI(o.signWith)
	if err != nil {
		return err
	}
	// Some tokens show their certificates before login, and then no PIN is asked for a list
	// that its maker would rather not have.
	v, err := token.LookFor(ctx, a.modules, u)
	if err != nil {
		return err
	}
	defer v.Close()
	_, early, unseen := v.CertificateOf(u)
	var hazards []hazard.Hazard
	if unseen == nil {
		if hazards, err = a.warnOfList(d, early.DER, out); err != nil {
			return err
		}
	}
	s, err := v.Open(ctx, u, a.tokenOptions())
	if err != nil {
		return err
	}
	defer closeSigner(a, s)
	if unseen != nil {
		if hazards, err = a.warnOfList(d, s.Certificate(), out); err != nil {
			return err
		}
	}
	if _, err := d.AddToken(s.Certificate()); err != nil {
		return err
	}
	l, err := ctlbuild.Sign(ctx, d, s)
	if err != nil {
		return err
	}
	if out == "-" {
		_, err = a.out.Write(l.Bytes())
		return err
	}
	if err := createFile(out, l.Bytes(), o.force, 0o644); err != nil {
		return err
	}
	if a.json {
		return a.result(map[string]any{"file": out, "bytes": len(l.Bytes()), "records": len(l.Records), "md5": l.MD5(), "sha1": l.SHA1(), "hazards": len(hazards)})
	}
	records := a.numbered(len(l.Records), "1 record", "%d records")
	a.printf("%s: %s, %d bytes, MD5 %s\n", out, records, len(l.Bytes()), l.MD5())
	return nil
}

// warnOfList adds the signer to the draft and says, on standard error, what is dangerous in
// the list that it will be.
func (a *app) warnOfList(d *ctlbuild.Draft, signer []byte, out string) ([]hazard.Hazard, error) {
	if _, err := d.AddToken(signer); err != nil {
		return nil, err
	}
	var records []*ctlbuild.Record
	for i := range d.Records {
		records = append(records, &d.Records[i])
	}
	if out != "-" || !a.json {
		a.warnOfShapes(records)
	}
	found := hazard.FindInDraft(d, signer, time.Time{})
	if a.json && out != "-" {
		return found, a.hazardsJSON(found)
	}
	for _, h := range found {
		a.note("%s: %s", message.Words(h.Severity.String()), h.Message)
		if !h.Hint.IsZero() {
			a.note("  %s", h.Hint)
		}
	}
	return found, nil
}

func (a *app) buildDraft(ctx context.Context, o fileBuildOptions) (*ctlbuild.Draft, error) {
	digest, err := ctlbuild.ParseDigest(o.digest)
	if err != nil {
		return nil, usagef("--digest sha1, sha256 or sha512", "%v", err)
	}
	order, err := serialOrder(o.serial)
	if err != nil {
		return nil, err
	}
	dialect := ctlbuild.DialectCTLClient
	switch o.dialect {
	case "ctl-client":
	case "tokenless":
		dialect = ctlbuild.DialectTokenless
	default:
		return nil, usagef("--dialect ctl-client or tokenless", "unknown dialect %q", o.dialect)
	}
	version, err := signerVersion(o.version)
	if err != nil {
		return nil, err
	}
	d := ctlbuild.NewDraft()
	d.SignerVersion = version
	d.FileName, d.Digest, d.SerialOrder, d.NameFirst = o.name, digest, order, o.nameFirst
	for _, spec := range o.records {
		e, err := a.parseRecord(ctx, spec)
		if err != nil {
			return nil, err
		}
		e.Dialect, e.SerialOrder = dialect, order
		if e.Function == httpsServer {
			if e.Function, err = a.forHTTPS(d, e.Certificate); err != nil {
				return nil, err
			}
		}
		e.NoIP = strings.HasPrefix(o.name, "ITL")
		added, err := d.Add(e)
		if err != nil {
			return nil, message.Errorf("--record %s: %w", spec, err)
		}
		if !added {
			a.note("--record %s left out: its certificate stands in another %s record already", spec, e.Function.Slug())
		}
	}
	return d, nil
}

// httpsServer stands, until the key is known, for the function of a server that phones are
// to trust for HTTPS.
const httpsServer = ctlbuild.NoFunction

// forHTTPS lists such a server as builders for open-source call servers do: with an RSA key
// as APP-SERVER, with an EC key as TFTP in a file of SIGNERVERSION 1.1.
func (a *app) forHTTPS(d *ctlbuild.Draft, der []byte) (ctlbuild.Function, error) {
	c, err := ctlbuild.ParseCertificate(der)
	if err != nil {
		return 0, err
	}
	if c.KeyType() != "ECDSA" {
		return ctlbuild.AppServer, nil
	}
	if d.SignerVersion == [2]byte{} {
		d.SignerVersion = [2]byte{1, 1}
		a.note("SIGNERVERSION 1.1 is written, for an EC certificate that vouches for HTTPS")
	}
	return ctlbuild.TFTP, nil
}

func serialOrder(s string) (ctlbuild.SerialOrder, error) {
	switch s {
	case "", "little-endian":
		return ctlbuild.LittleEndian, nil
	case "big-endian":
		return ctlbuild.BigEndian, nil
	}
	return 0, usagef("--serial-order little-endian or big-endian", "unknown order %q", s)
}

// signerVersion reads SIGNERVERSION; a header without the field has zeros.
func signerVersion(s string) ([2]byte, error) {
	switch s {
	case "":
		return [2]byte{}, nil
	case "1.0":
		return [2]byte{1, 0}, nil
	case "1.1":
		return [2]byte{1, 1}, nil
	}
	return [2]byte{}, usagef("--signer-version 1.0 or 1.1", "unknown signer version %q", s)
}

// parseRecord reads FUNCTION=CERT[,host=H][,ip=A].
func (a *app) parseRecord(ctx context.Context, spec string) (ctlbuild.Entry, error) {
	const form = "--record FUNCTION=CERT[,host=H][,ip=A]"
	name, rest, ok := strings.Cut(spec, "=")
	if !ok || rest == "" {
		return ctlbuild.Entry{}, usagef(form, "cannot read --record %s", spec)
	}
	f := httpsServer
	var err error
	if !strings.EqualFold(name, "https") {
		if f, err = ctlbuild.ParseFunction(name); err != nil {
			return ctlbuild.Entry{}, usagef("FUNCTION is sast, ccm, ccm+tftp, tftp, capf, app-server, tvs or https", "unknown FUNCTION %q", name)
		}
	}
	cert, host, ip, err := parseServer(rest, form)
	if err != nil {
		return ctlbuild.Entry{}, err
	}
	der, err := a.readCertificate(ctx, cert)
	if err != nil {
		return ctlbuild.Entry{}, err
	}
	e := ctlbuild.Entry{Function: f, Certificate: der, Host: host}
	e.Token = f == ctlbuild.SAST && host == ""
	if ip != "" {
		if e.IP, err = netip.ParseAddr(ip); err != nil || !e.IP.Is4() {
			return ctlbuild.Entry{}, usagef(form, "%q is not an IPv4 address", ip)
		}
	}
	return e, nil
}

// parseServer reads CERT[,host=H][,ip=A].
func parseServer(spec, form string) (cert, host, ip string, err error) {
	parts := strings.Split(spec, ",")
	for _, p := range parts[1:] {
		k, v, _ := strings.Cut(p, "=")
		switch {
		case k == "host" && v != "":
			host = v
		case k == "ip" && v != "":
			ip = v
		default:
			return "", "", "", usagef(form, "cannot read %q in %s", p, spec)
		}
	}
	if parts[0] == "" {
		return "", "", "", usagef(form, "no certificate in %q", spec)
	}
	return parts[0], host, ip, nil
}

// openSigner opens a signing token; the PIN is asked once.
func (a *app) openSigner(ctx context.Context, uri string) (*token.Signer, error) {
	u, err := parseTokenURI(uri)
	if err != nil {
		return nil, err
	}
	return token.Open(ctx, u, a.tokenOptions())
}

func closeSigner(a *app, s io.Closer) {
	if err := s.Close(); err != nil {
		a.note("closing the token: %v", err)
	}
}

type fileSignConfigOptions struct {
	signWith string
	digest   string
	name     string
	out      string
	force    bool
}

func newFileSignConfigCommand(a *app) *cobra.Command {
	var o fileSignConfigOptions
	c := &cobra.Command{
		Use:   "sign-config IN --sign-with URI",
		Short: "Write a signed file (.sgn), as an open-source call server needs it",
		Long: `Put the signed header that phones check in front of a file, such as
SEP<MAC>.cnf.xml, and write it as IN.sgn. Phones take it when the signer is a
CCM+TFTP or TFTP server of the trust list that they hold.`,
		Example: "  ctlclient file sign-config SEP0011215A1AE3.cnf.xml --sign-with pkcs11:token=TFTP-1",
		Args:    exactly("IN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runFileSignConfig(cmd.Context(), a, o, args[0])
		},
	}
	f := c.Flags()
	f.StringVar(&o.signWith, "sign-with", "", "signing token, a PKCS#11 `URI`")
	f.StringVar(&o.digest, "digest", "sha1", "`sha1|sha256|sha512`")
	f.StringVar(&o.name, "name", "", "file name in the header (default: that of IN with .sgn)")
	f.StringVar(&o.out, "out", "", "`file` to write (default: IN.sgn)")
	f.BoolVar(&o.force, "force", false, "replace the file if it exists")
	return withExits(c, exitDone, exitUsage, exitToken, exitInterrupted)
}

func runFileSignConfig(ctx context.Context, a *app, o fileSignConfigOptions, in string) error {
	if o.signWith == "" {
		return usagef("--sign-with pkcs11:token=LABEL; ctlclient token list shows what is there", "--sign-with is missing")
	}
	if in == "-" && (o.out == "" || o.name == "") {
		return usagef("name them with --out and --name", "from standard input neither file name is known")
	}
	digest, err := ctlbuild.ParseDigest(o.digest)
	if err != nil {
		return usagef("--digest sha1, sha256 or sha512", "%v", err)
	}
	content, err := a.readSource(ctx, in)
	if err != nil {
		return err
	}
	name, out := o.name, o.out
	if name == "" {
		name = filepath.Base(in) + ".sgn"
	}
	if out == "" {
		out = in + ".sgn"
	}
	if err := creatable(out, o.force); err != nil {
		return err
	}
	s, err := a.openSigner(ctx, o.signWith)
	if err != nil {
		return err
	}
	defer closeSigner(a, s)
	env, err := ctlbuild.SignEnvelope(ctx, name, content, digest, time.Now(), s)
	if err != nil {
		return err
	}
	if err := createFile(out, env.Bytes(), o.force, 0o644); err != nil {
		return err
	}
	if a.json {
		return a.result(map[string]any{"file": out, "bytes": len(env.Bytes()), "signer": env.Header.SignerName})
	}
	a.printf("%s: signed by %s, %d bytes\n", out, ctlbuild.Printable(env.Header.SignerName), len(env.Bytes()))
	return nil
}

type fileContentOptions struct {
	out   string
	force bool
}

func newFileContentCommand(a *app) *cobra.Command {
	var o fileContentOptions
	c := &cobra.Command{
		Use:     "content FILE",
		Short:   "Write what a signed file (.sgn) holds, without its header",
		Long:    "Write what a signed file (.sgn) holds, without its header. The signature is not checked here: file verify does that.",
		Example: "  ctlclient file content SEP0011215A1AE3.cnf.xml.sgn --out SEP0011215A1AE3.cnf.xml",
		Args:    exactly("FILE"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runFileContent(cmd.Context(), a, o, args[0]) },
	}
	c.Flags().StringVar(&o.out, "out", "-", "`file` to write, - for standard output")
	c.Flags().BoolVar(&o.force, "force", false, "replace the file if it exists")
	return withExits(c, exitDone, exitUsage, exitUnreachable)
}

func runFileContent(ctx context.Context, a *app, o fileContentOptions, arg string) error {
	data, err := a.readSource(ctx, arg)
	if err != nil {
		return err
	}
	env, err := ctlbuild.ParseEnvelope(data)
	if err != nil {
		return fmt.Errorf("%s: %w", arg, err)
	}
	if env.Kind() != ctlbuild.KindSigned {
		return usageWith(message.Phrase("ctlclient file show %s", arg), "%s is a trust list, not a signed file", arg)
	}
	if env.Encrypted() {
		a.note("the content is encrypted for one phone; it is written as it is")
	}
	v := map[string]any{"bytes": len(env.Content), "encrypted": env.Encrypted()}
	switch {
	case o.out != "-":
		if err := createFile(o.out, env.Content, o.force, 0o600); err != nil {
			return err
		}
		v["file"] = o.out
	case !a.json:
		_, err = a.out.Write(env.Content)
		return err
	case utf8.Valid(env.Content):
		v["content"] = string(env.Content)
	default:
		v["content_base64"] = env.Content
	}
	if a.json {
		return a.result(v)
	}
	a.note("%s: %d bytes", o.out, len(env.Content))
	return nil
}
