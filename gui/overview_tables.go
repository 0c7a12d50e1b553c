package gui

import (
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild"
	"ctlclient/gui/widgets"
)

func (o *overviewScreen) fillNodes(snap *cluster.Snapshot) {
	var rows [][]widgets.Cell
	for i := range snap.Nodes {
		n := &snap.Nodes[i]
		sum, signer := "", ""
		if n.File != nil {
			digest := sha1.Sum(n.File)
			sum, signer = hex.EncodeToString(digest[:]), signerOf(n.List)
		}
		row := widgets.Cells(n.Node.Name, n.Node.Address, servicesText(n, snap), sum, signer)
		rows = append(rows, append(row, agreement(n, snap)))
	}
	o.nodes.Selected = -1
	o.nodes.SetRows(rows)
}

// agreement says whether a node serves what it should.
func agreement(n *cluster.NodeState, snap *cluster.Snapshot) widgets.Cell {
	switch {
	case n.Err != nil:
		return widgets.Cell{Text: t("agree.error"), Sign: widgets.BadSign}
	case n.Missing:
		return widgets.Cell{Text: t("agree.missing"), Sign: widgets.BadSign}
	case !snap.Agree && snap.Current != nil && string(n.File) != string(snap.Current.Bytes()):
		return widgets.Cell{Text: t("agree.differs"), Sign: widgets.BadSign}
	case n.TFTPAgree != nil && !*n.TFTPAgree, n.HTTPAgree != nil && !*n.HTTPAgree:
		return widgets.Cell{Text: t("agree.tftp"), Sign: widgets.WarnSign}
	}
	return widgets.Cell{Text: t("agree.same"), Sign: widgets.GoodSign}
}

// servicesText is what runs on a node, as the publisher lists it; of a node that is not in its
// list, what it is.
func servicesText(n *cluster.NodeState, snap *cluster.Snapshot) string {
	list := n.Services
	for _, top := range snap.Servers {
		if len(list) == 0 && (top.Name == n.Node.Name || top.Address == n.Node.Address) {
			list = top.Services
		}
	}
	if len(list) == 0 {
		return t("role." + n.Node.Role)
	}
	var names []string
	for _, s := range list {
		if s != reach.CTLProvider { // runs wherever this program can log in
			names = append(names, s.String())
		}
	}
	return strings.Join(names, ", ")
}

// showNode says in full what one node serves.
func (o *overviewScreen) showNode(row int) {
	o.sasts.Unselect()
	if row < 0 || row >= len(o.s.model.snapshot.Nodes) {
		o.Split.Show(nil)
		return
	}
	n := &o.s.model.snapshot.Nodes[row]
	pairs := []string{t("overview.node"), hostText(n.Node.Name, n.Node.Address), t("clusters.role"), t("role." + n.Node.Role),
		t("overview.services"), servicesText(n, o.s.model.snapshot)}
	if n.Err != nil {
		pairs = append(pairs, t("overview.error"), tell(n.Err))
	}
	if n.TFTPErr != nil {
		pairs = append(pairs, "TFTP", tell(n.TFTPErr))
	}
	if n.File != nil {
		sha, md := sha1.Sum(n.File), md5.Sum(n.File)
		pairs = append(pairs, t("overview.file"), t("files.bytes", map[string]any{"Count": len(n.File)}),
			"SHA-1", hex.EncodeToString(sha[:]), "MD5", hex.EncodeToString(md[:]))
	}
	if n.List != nil {
		pairs = append(pairs, t("overview.signer"), signerOf(n.List),
			t("inspect.signed-at"), timeText(n.List.Header.Time))
	}
	o.Split.Show(o.nodes, detailBox(pairs))
}

// signerOf is who signed a list, as its record names them.
func signerOf(l *ctlbuild.List) string {
	if l == nil {
		return ""
	}
	if r, i := l.Signer(); i >= 0 {
		return strings.TrimSpace(r.CN())
	}
	return l.Header.SignerName
}

// kindOf says how a list is signed.
func kindOf(l *ctlbuild.List) string {
	if l.Tokenless() {
		return t("kind.tokenless")
	}
	return t("kind.tokens")
}

func (o *overviewScreen) fillSAST(l *ctlbuild.List) {
	var rows [][]widgets.Cell
	if l != nil {
		_, signer := l.Signer()
		for _, i := range sastIndexes(l) {
			r := &l.Records[i]
			kind, signed := t("kind.server"), widgets.Cell{}
			if r.IsToken() {
				kind = t("kind.token")
			}
			if i == signer {
				signed = widgets.Cell{Text: t("overview.signs"), Sign: widgets.GoodSign}
			}
			rows = append(rows, append(widgets.Cells(fmt.Sprint(i+1), r.SubjectName(), kind), signed))
		}
	}
	o.sasts.Selected = -1
	o.sasts.SetRows(rows)
}

func sastIndexes(l *ctlbuild.List) []int {
	var list []int
	for i := range l.Records {
		if l.Records[i].Function() == ctlbuild.SAST {
			list = append(list, i)
		}
	}
	return list
}

func (o *overviewScreen) showSAST(row int) {
	o.nodes.Unselect()
	l := o.s.live()
	if l == nil || row < 0 {
		o.Split.Show(nil)
		return
	}
	if indexes := sastIndexes(l); row < len(indexes) {
		o.Split.Show(o.sasts, detailBox(recordPairs(&l.Records[indexes[row]])))
	}
}

func (o *overviewScreen) fillTokens() {
	var rows [][]widgets.Cell
	for _, info := range o.s.model.tokens {
		row := widgets.Cells(info.Label, t("tokens.no-certificate.short"), "", info.Serial, "")
		if raw, cert, ok := signingCertificate(info); ok {
			row[1].Text, row[2].Text = strings.TrimSpace(cert.CN), day(cert.NotAfter)
			if inList(o.s.live(), raw.DER) {
				row[4] = widgets.Cell{Text: t("overview.known.yes"), Sign: widgets.GoodSign}
			} else {
				row[4].Text = t("overview.known.no")
			}
		}
		rows = append(rows, row)
	}
	widgets.Visible(o.noTokens, len(rows) == 0)
	widgets.Visible(o.tokens, len(rows) > 0)
	o.tokens.SetRows(rows)
}

// tokensChanged is told by the watch of tokens.
func (o *overviewScreen) tokensChanged() {
	if o.s.model.snapshot != nil {
		o.fillTokens()
	}
}
