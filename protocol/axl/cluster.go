package axl

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
	"ctlclient/protocol/internal/soap"
)

// What the cluster's database is asked. The tables are Cisco's; their names come from
// its technotes and data dictionary.
const (
	sqlMode = "select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'"

	sqlCountPhones = "select count(*) as phones from device where tkclass = 1 and name like 'SEP%'"

	sqlPools = "select dp.name as devicepool, cmg.name as callmanagergroup, pn.name as processnode, cmgm.priority as priority" +
		" from devicepool as dp" +
		" inner join callmanagergroup as cmg on dp.fkcallmanagergroup = cmg.pkid" +
		" inner join callmanagergroupmember as cmgm on cmgm.fkcallmanagergroup = cmg.pkid" +
		" inner join callmanager as cm on cmgm.fkcallmanager = cm.pkid" +
		" inner join processnode as pn on cm.fkprocessnode = pn.pkid" +
		" order by dp.name, cmgm.priority"

	sqlFeature = "select distinct tm.name as model, tsf.name as feature" +
		" from productsupportsfeature as psf" +
		" inner join typemodel as tm on psf.tkmodel = tm.enum" +
		" inner join typesupportsfeature as tsf on psf.tksupportsfeature = tsf.enum" +
		" where lower(tsf.name) like '%security%default%'" +
		" order by tm.name, tsf.name"

	sqlFeatureNames = "select tsf.name as name from typesupportsfeature as tsf order by tsf.name"
	sqlStoreNames   = "select tcs.name as name from typecertificateservice as tcs order by tcs.name"

	certificateTables = " from certificate as c" +
		" inner join certificateservicecertificatemap as cscm on cscm.fkcertificate = c.pkid" +
		" inner join typecertificateservice as tcs on cscm.tkcertificateservice = tcs.enum"

	sqlCertificates = "select c.pkid as pkid, tcs.name as certservice, c.servername as servername, c.subjectname as subjectname," +
		" c.issuername as issuername, c.serialnumber as serialnumber" + certificateTables + " order by tcs.name, c.pkid"

	// A large text is selected alone.
	sqlCertificate = "select c.certificate as certificate from certificate as c where c.pkid = '%s' order by c.pkid"
)

// Node is one server of the cluster that runs Unified Communications Manager.
type Node struct {
	Name        string // host name, full name or address, as it was entered
	Description string
	Publisher   bool
}

// Service is one service of a node.
type Service struct {
	Node   string
	Name   string // "Cisco Tftp"
	Active bool   // activated; whether it runs is Control Center's to say
}

// enterpriseWide is a row of the server table that is no server.
const enterpriseWide = "EnterpriseWideData"

// Nodes lists the servers, without those of IM and Presence.
func (c *Client) Nodes(ctx context.Context) ([]Node, error) {
	request := listRequest{Criteria: fields{{"name", "%"}}, Tags: wanted("name", "description", "nodeUsage", "processNodeRole")}
	var answer struct {
		Nodes []struct {
			Name        string `xml:"name"`
			Description string `xml:"description"`
			Usage       string `xml:"nodeUsage"`
			Role        string `xml:"processNodeRole"`
		} `xml:"return>processNode"`
	}
	if err := c.call(ctx, "listProcessNode", request, &answer); err != nil {
		return nil, err
	}
	var nodes []Node
	for _, n := range answer.Nodes {
		name := soap.Clean(n.Name)
		if name == "" || name == enterpriseWide || strings.Contains(n.Role, "Presence") {
			continue
		}
		nodes = append(nodes, Node{Name: name, Description: soap.Clean(n.Description), Publisher: strings.TrimSpace(n.Usage) == "Publisher"})
	}
	return nodes, nil
}

// Services lists which services are activated on which node.
func (c *Client) Services(ctx context.Context) ([]Service, error) {
	request := listRequest{Criteria: fields{{"processNodeName", "%"}}, Tags: wanted("processNodeName", "service", "isActive")}
	var answer struct {
		Services []struct {
			Node   string `xml:"processNodeName"`
			Name   string `xml:"service"`
			Active string `xml:"isActive"`
		} `xml:"return>processNodeService"`
	}
	if err := c.call(ctx, "listProcessNodeService", request, &answer); err != nil {
		return nil, err
	}
	var services []Service
	for _, s := range answer.Services {
		if node := soap.Clean(s.Node); node != enterpriseWide {
			services = append(services, Service{node, soap.Clean(s.Name), boolean(s.Active)})
		}
	}
	return services, nil
}

// boolean of AXL: t, true, 1.
func boolean(s string) bool {
	switch strings.TrimSpace(s) {
	case "t", "true", "1":
		return true
	}
	return false
}

// Mixed says whether the cluster is in mixed mode.
func (c *Client) Mixed(ctx context.Context) (bool, error) {
	rows, err := c.SQL(ctx, sqlMode)
	if err != nil {
		return false, err
	}
	if len(rows) == 1 {
		switch strings.TrimSpace(rows[0]["paramvalue"]) {
		case "0":
			return false, nil
		case "1":
			return true, nil
		}
	}
	return false, message.Errorf("AXL executeSQLQuery: %w: no ClusterSecurityMode in %d rows", ErrMalformed, len(rows))
}

// Pool is a device pool: its phones ask the TVS of these nodes, in this order.
type Pool struct {
	Name    string
	Group   string   // its CallManager group
	Members []string // nodes, the first one first
}

// Pools lists the device pools.
func (c *Client) Pools(ctx context.Context) ([]Pool, error) {
	rows, err := c.SQL(ctx, sqlPools)
	if err != nil {
		return nil, err
	}
	type member struct {
		node     string
		priority int
	}
	var pools []Pool
	members := map[string][]member{}
	for _, r := range rows {
		name := soap.Clean(r["devicepool"])
		if _, known := members[name]; !known {
			pools = append(pools, Pool{Name: name, Group: soap.Clean(r["callmanagergroup"])})
		}
		priority, _ := number(r["priority"]) // one that is no number counts as the first
		members[name] = append(members[name], member{soap.Clean(r["processnode"]), priority})
	}
	for i, p := range pools {
		ms := members[p.Name]
		slices.SortStableFunc(ms, func(a, b member) int { return a.priority - b.priority })
		for _, m := range ms {
			pools[i].Members = append(pools[i].Members, m.node)
		}
	}
	return pools, nil
}

// Feature says that a model has a feature.
type Feature struct{ Model, Name string }

// SecurityByDefault lists the models that have Security By Default. None at all means
// that the cluster does not say, not that no model has it: how the database calls the
// feature is not documented.
func (c *Client) SecurityByDefault(ctx context.Context) ([]Feature, error) {
	rows, err := c.SQL(ctx, sqlFeature)
	if err != nil {
		return nil, err
	}
	var features []Feature
	for _, r := range rows {
		features = append(features, Feature{Model: soap.Clean(r["model"]), Name: soap.Clean(r["feature"])})
	}
	return features, nil
}

// FeatureNames lists how the database calls the features of phones.
func (c *Client) FeatureNames(ctx context.Context) ([]string, error) {
	return c.names(ctx, sqlFeatureNames)
}

// StoreNames lists how the database calls the certificate stores.
func (c *Client) StoreNames(ctx context.Context) ([]string, error) {
	return c.names(ctx, sqlStoreNames)
}

func (c *Client) names(ctx context.Context, query string) ([]string, error) {
	rows, err := c.SQL(ctx, query)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, r := range rows {
		names = append(names, soap.Clean(r["name"]))
	}
	return names, nil
}

// Certificate is one entry of a certificate store. One certificate in two stores comes
// twice.
type Certificate struct {
	Store   string // "CallManager", "Phone-SAST-trust", ...
	Server  string // the node it belongs to; may be empty
	Subject string
	Issuer  string
	Serial  string
	DER     []byte // nil: the database has no readable certificate
}

// Certificates lists what is in the named stores; none named: in all.
func (c *Client) Certificates(ctx context.Context, stores ...string) ([]Certificate, error) {
	rows, err := c.SQL(ctx, sqlCertificates)
	if err != nil {
		return nil, err
	}
	var list []Certificate
	read := map[string][]byte{}
	for _, r := range rows {
		store := soap.Clean(r["certservice"])
		if len(stores) > 0 && !slices.Contains(stores, store) {
			continue
		}
		id := strings.TrimSpace(r["pkid"])
		der, ok := read[id]
		if !ok {
			if der, err = c.certificate(ctx, id); err != nil {
				return nil, err
			}
			read[id] = der
		}
		list = append(list, Certificate{Store: store, Server: soap.Clean(r["servername"]), Subject: soap.Clean(r["subjectname"]),
			Issuer: soap.Clean(r["issuername"]), Serial: soap.Clean(r["serialnumber"]), DER: der})
	}
	return list, nil
}

// certificate reads one by its key in the database.
func (c *Client) certificate(ctx context.Context, id string) ([]byte, error) {
	if !isKey(id) {
		return nil, message.Errorf("AXL executeSQLQuery: %w: %q is no key of a certificate", ErrMalformed, soap.Clean(id))
	}
	rows, err := c.SQL(ctx, fmt.Sprintf(sqlCertificate, id))
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 {
		return nil, nil // deleted meanwhile
	}
	return derOf(rows[0]["certificate"]), nil
}

var pemFrame = lazyregexp.New(`(?s)^\s*-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----`)

// derOf reads a certificate as the database has it: PEM, with or without its line breaks,
// or the base64 alone. It is nil where there is none.
func derOf(text string) []byte {
	if m := pemFrame.FindStringSubmatch(text); m != nil {
		text = m[1]
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil || len(der) == 0 || der[0] != 0x30 { // SEQUENCE
		return nil
	}
	return der
}

// isKey accepts what a key of Cisco's database is made of, and so nothing that could
// change the meaning of a query.
func isKey(id string) bool {
	return id != "" && len(id) <= 64 && strings.Trim(id, "0123456789abcdefABCDEF-{}") == ""
}

func asTooLarge(err error) (*TooLargeError, bool) { return errors.AsType[*TooLargeError](err) }
