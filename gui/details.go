package gui

import (
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"ctlclient/ctlbuild"
	"ctlclient/gui/widgets"
)

// detailBox shows pairs of a name and a value in full on a ground of their own, below the
// table in which they are one line, with a button that copies them.
func detailBox(pairs []string) fyne.CanvasObject {
	var lines []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			lines = append(lines, pairs[i]+": "+pairs[i+1])
		}
	}
	copying := widgets.NewCopyButton(t("button.copy"), func() string { return strings.Join(lines, "\n") })
	return widgets.NewPanel(container.New(widgets.Inset,
		container.NewVBox(widgets.Facts(pairs...), copying)))
}

// recordPairs is what a record and its certificate say, for a person.
func recordPairs(r *ctlbuild.Record) []string {
	pairs := []string{t("entries.type"), typeText(r.Function()), t("entries.host"), hostOf(r),
		t("entries.subject"), r.SubjectName(), t("entries.issuer"), r.IssuerName(),
		t("details.serial"), bothOrders(r.SerialNumber())}
	der := r.Certificate()
	if der == nil {
		return append(pairs, t("entries.certificate"), t("details.stub"))
	}
	if c, err := ctlbuild.ParseCertificate(der); err == nil {
		pairs = append(pairs, t("tokens.from"), day(c.NotBefore), t("tokens.until"), day(c.NotAfter),
			t("tokens.key"), keyText(c))
	}
	sum := sha256.Sum256(der)
	return append(pairs, t("details.sha1"), sha1Text(der), "SHA-256", fmt.Sprintf("% X", sum[:]))
}

// keyText is the size of a key; of one that is no RSA key, its kind and curve as well.
func keyText(c *ctlbuild.Certificate) string {
	if c.RSA == nil {
		return say(c.KeyText())
	}
	return t("tokens.bits", map[string]any{"Bits": fmt.Sprint(c.KeyBits)})
}

// bothOrders is a serial number as it is written in a certificate and, behind it, as Windows and
// old tools show it, from the other end.
func bothOrders(serial []byte) string {
	if len(serial) == 0 {
		return ""
	}
	back := slices.Clone(serial)
	slices.Reverse(back)
	return fmt.Sprintf("% X", serial) + "  ·  " + t("details.reversed", map[string]any{"Serial": fmt.Sprintf("% X", back)})
}

// recordCells are the CTL Client's columns: Type, Hostname/IP Address, Issuer Name, Subject Name.
func recordCells(r *ctlbuild.Record) []widgets.Cell {
	host := hostOf(r)
	if host == "" {
		host = t("entries.no-host")
	}
	return widgets.Cells(typeText(r.Function()), host, r.IssuerName(), r.SubjectName())
}

func hostOf(r *ctlbuild.Record) string {
	host := strings.TrimSpace(r.DNSName())
	ip, ok := r.IP()
	if !ok || ip.IsUnspecified() || ip.String() == host {
		return host
	}
	return hostText(host, ip.String())
}

// typeText is the CTL Client's word for a function: it calls a SAST a security token.
func typeText(f ctlbuild.Function) string {
	if f == ctlbuild.SAST {
		return t("type.sast")
	}
	return f.String()
}

// sha1Text is a digest as show ctl prints it.
func sha1Text(der []byte) string {
	sum := sha1.Sum(der)
	return fmt.Sprintf("% X", sum[:])
}

// showText is what show ctl prints.
func showText(l *ctlbuild.List) string {
	var b strings.Builder
	if err := ctlbuild.Show(&b, l, time.Local); err != nil {
		return tell(err)
	}
	return b.String()
}

// number is how a record is named to a person and to workflow: from 1.
func number(index int) string { return fmt.Sprint(index + 1) }

// day is a date without doubt about the order of day and month.
func day(d time.Time) string { return d.Local().Format("2006-01-02") }

// timeText is a moment in the same way.
func timeText(d time.Time) string { return d.Local().Format("2006-01-02 15:04:05") }
