package axl

import (
	"bytes"
	"crypto/sha256"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ctlclient/internal/lazyregexp"
)

// element is one element of an answer.
type element struct {
	name, text string
	id         string // attribute uuid; empty: none
	children   []element
}

// MarshalXML writes it under its own name.
func (e element) MarshalXML(x *xml.Encoder, _ xml.StartElement) error {
	return e.write(x, xml.StartElement{Name: xml.Name{Local: e.name}})
}

func (e element) write(x *xml.Encoder, start xml.StartElement) error {
	if e.id != "" {
		start.Attr = append(start.Attr, xml.Attr{Name: xml.Name{Local: "uuid"}, Value: e.id})
	}
	if err := x.EncodeToken(start); err != nil {
		return err
	}
	if err := x.EncodeToken(xml.CharData(e.text)); err != nil {
		return err
	}
	for _, child := range e.children {
		if err := child.MarshalXML(x, xml.StartElement{}); err != nil {
			return err
		}
	}
	return x.EncodeToken(start.End())
}

// result is what an operation answers.
type result struct {
	Return element
	total  int // rows in all, where only some were asked for
}

// MarshalXML writes it as the content of the answer's element.
func (r result) MarshalXML(x *xml.Encoder, start xml.StartElement) error {
	r.Return.name = "return"
	return element{children: []element{r.Return}}.write(x, start)
}

// uuid makes Cisco's form of an id, always the same for the same thing.
func uuid(kind, name string) string {
	h := sha256.Sum256([]byte(kind + "\x00" + name))
	return strings.ToUpper(fmt.Sprintf("{%x-%x-%x-%x-%x}", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16]))
}

// chosen keeps the elements that were asked for, in the schema's order.
func chosen(tags fields, all ...element) []element {
	return slices.DeleteFunc(all, func(e element) bool {
		return !slices.ContainsFunc(tags, func(f field) bool { return f.name == e.name })
	})
}

// like matches as SQL does, with % alone, and without case.
func like(pattern, s string) bool {
	parts := strings.Split(pattern, "%")
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	ok, err := regexp.MatchString("(?is)^"+strings.Join(parts, ".*")+"$", s)
	return err == nil && ok
}

// carryOut answers one operation.
func (s *Server) carryOut(operation string, decode func(any) error) (result, error) {
	switch operation {
	case "getCCMVersion":
		return result{Return: element{children: []element{{name: "componentVersion", children: []element{{name: "version", text: s.backend.Version()}}}}}}, nil
	case "executeSQLQuery":
		var q sqlRequest
		if err := decode(&q); err != nil {
			return result{}, err
		}
		return s.sql(q.SQL)
	case "doDeviceReset":
		return s.reset(decode)
	case "listProcessNode", "listProcessNodeService", "listTvsCertificate", "listPhone":
		var q listRequest
		if err := decode(&q); err != nil {
			return result{}, err
		}
		if len(q.Criteria) == 0 {
			return result{}, &Fault{Code: 5003, Words: "At least one element under searchCriteria has to be mentioned"}
		}
		return s.list(operation, q), nil
	case "getTvsCertificate":
		return s.tvsCertificate(decode)
	}
	return result{}, &Fault{Words: "No handler for " + operation}
}

func (s *Server) reset(decode func(any) error) (result, error) {
	var q resetRequest
	if err := decode(&q); err != nil {
		return result{}, err
	}
	if err := s.backend.ResetPhone(q.Name, q.Kind); err != nil {
		return result{}, err
	}
	return result{Return: element{text: "true"}}, nil
}

func (s *Server) list(operation string, q listRequest) result {
	if operation == "listPhone" {
		return s.phones(q)
	}
	var rows []element
	switch operation {
	case "listProcessNode":
		rows = s.nodes(q)
	case "listProcessNodeService":
		rows = s.services(q)
	default:
		rows = s.tvsCertificates(q)
	}
	total := len(rows)
	skip, first := window(q)
	rows = rows[min(skip, len(rows)):]
	if first >= 0 {
		rows = rows[:min(first, len(rows))]
	}
	return result{Return: element{children: rows}, total: total}
}

// window of a request; first < 0: everything. Skip counts only where first is given.
func window(q listRequest) (skip, first int) {
	const most = 1 << 30
	if q.First == nil {
		return 0, -1
	}
	if q.Skip != nil {
		skip = int(min(*q.Skip, most))
	}
	return skip, int(min(*q.First, most))
}

func (s *Server) nodes(q listRequest) []element {
	nodes := append([]Node{{Name: enterpriseWide}}, s.backend.Nodes()...)
	var rows []element
	for _, n := range nodes {
		if !like(q.Criteria.text("name"), n.Name) {
			continue
		}
		usage, role := "Subscriber", "CUCM Voice/Video"
		if n.Publisher {
			usage = "Publisher"
		}
		rows = append(rows, element{name: "processNode", id: uuid("node", n.Name), children: chosen(q.Tags,
			element{name: "name", text: n.Name}, element{name: "description", text: n.Description},
			element{name: "nodeUsage", text: usage}, element{name: "processNodeRole", text: role})})
	}
	return rows
}

func (s *Server) services(q listRequest) []element {
	var rows []element
	for _, v := range s.backend.Services() {
		if !like(q.Criteria.text("processNodeName"), v.Node) {
			continue
		}
		rows = append(rows, element{name: "processNodeService", id: uuid("service", v.Node+"/"+v.Name), children: chosen(q.Tags,
			element{name: "processNodeName", text: v.Node, id: uuid("node", v.Node)},
			element{name: "service", text: v.Name}, element{name: "isActive", text: strconv.FormatBool(v.Active)})})
	}
	return rows
}

func (s *Server) phones(q listRequest) result {
	skip, first := window(q)
	pattern := q.Criteria.text("name")
	page, total := s.backend.Phones(skip, first)
	rows := make([]element, 0, len(page))
	for _, p := range page {
		if !strings.EqualFold(pattern, "SEP%") && !like(pattern, p.Name) {
			continue
		}
		rows = append(rows, element{name: "phone", id: uuid("phone", p.Name), children: chosen(q.Tags,
			element{name: "name", text: p.Name}, element{name: "product", text: p.Product}, element{name: "model", text: p.Model},
			element{name: "protocol", text: p.Protocol}, element{name: "devicePoolName", text: p.DevicePool, id: uuid("pool", p.DevicePool)},
			element{name: "loadInformation", text: p.Load},
			element{name: "securityProfileName", text: p.SecurityProfile, id: uuid("profile", p.SecurityProfile)})})
	}
	return result{Return: element{children: rows}, total: total}
}

func (s *Server) tvsCertificates(q listRequest) []element {
	var rows []element
	for _, c := range s.tvsStore() {
		if !like(q.Criteria.text("subjectName"), c.Subject) {
			continue
		}
		rows = append(rows, element{name: "tvsCertificate", id: uuid("certificate", c.Issuer+"/"+c.Serial), children: chosen(q.Tags,
			element{name: "subjectName", text: c.Subject}, element{name: "issuerName", text: c.Issuer},
			element{name: "serialNumber", text: c.Serial}, element{name: "timeToLive", text: "24"})})
	}
	return rows
}

// tvsStore has each certificate once.
func (s *Server) tvsStore() []Certificate {
	var list []Certificate
	for _, c := range s.backend.Certificates() {
		if !slices.ContainsFunc(list, func(o Certificate) bool { return bytes.Equal(o.DER, c.DER) }) {
			list = append(list, c)
		}
	}
	return list
}

func (s *Server) tvsCertificate(decode func(any) error) (result, error) {
	var q tvsRequest
	if err := decode(&q); err != nil {
		return result{}, err
	}
	var found []element
	var services []element
	for _, c := range s.backend.Certificates() {
		if c.Issuer != q.Issuer || c.Serial != q.Serial {
			continue
		}
		services = append(services, element{name: "service", children: []element{{name: "serviceName", text: c.Store}}})
		found = []element{{name: "tvsCertificate", id: uuid("certificate", c.Issuer+"/"+c.Serial), children: []element{
			{name: "subjectName", text: c.Subject}, {name: "issuerName", text: c.Issuer}, {name: "serialNumber", text: c.Serial},
			{name: "timeToLive", text: "24"}, {name: "services", children: services}}}}
	}
	if found == nil {
		return result{}, &Fault{Code: codeNotFound, Words: "Item not valid: The specified TvsCertificate was not found"}
	}
	return result{Return: element{children: found}}, nil
}

var (
	sqlWindow = lazyregexp.New(`(?i)^\s*select\s+(?:skip\s+([0-9]{1,9})\s+first\s+([0-9]{1,9})\s+)?`)
	sqlTable  = lazyregexp.New(`(?i)\sfrom\s+([a-z]+)`)
	sqlKey    = lazyregexp.New(`(?i)c\.pkid = '([^']*)'`)
)

// storeNames are those of Cisco's documents.
var storeNames = []string{"CAPF", "CAPF-trust", "CallManager", "CallManager-ECDSA", "CallManager-trust", "ITLRecovery", "Phone-SAST-trust", "TVS", "tomcat", "tomcat-trust"}

// sql answers the queries of this package, and those on the same tables that look
// alike; it is no database.
func (s *Server) sql(query string) (result, error) {
	head, table := sqlWindow.FindStringSubmatch(query), sqlTable.FindStringSubmatch(query)
	if head == nil || table == nil {
		return result{}, &Fault{Code: -201, Words: "A syntax error has occurred."}
	}
	var rows [][]field
	switch strings.ToLower(table[1]) {
	case "processconfig":
		mode := "0"
		if s.backend.Mixed() {
			mode = "1"
		}
		rows = [][]field{{{"paramname", "ClusterSecurityMode"}, {"paramvalue", mode}}}
	case "device":
		_, total := s.backend.Phones(0, 0)
		rows = [][]field{{{"phones", strconv.Itoa(total)}}}
	case "devicepool":
		for _, p := range s.backend.Pools() {
			for i, m := range p.Members {
				rows = append(rows, []field{{"devicepool", p.Name}, {"callmanagergroup", p.Group}, {"processnode", m}, {"priority", strconv.Itoa(i)}})
			}
		}
	case "productsupportsfeature":
		for _, f := range s.backend.SecurityByDefault() {
			rows = append(rows, []field{{"model", f.Model}, {"feature", f.Name}})
		}
	case "typesupportsfeature":
		for _, f := range s.backend.SecurityByDefault() {
			if row := []field{{"name", f.Name}}; !slices.ContainsFunc(rows, func(r []field) bool { return r[0] == row[0] }) {
				rows = append(rows, row)
			}
		}
	case "typecertificateservice":
		for _, name := range storeNames {
			rows = append(rows, []field{{"name", name}})
		}
	case "certificate":
		rows = s.certificates(query)
	default:
		return result{}, &Fault{Code: -206, Words: "The specified table (" + table[1] + ") is not in the database."}
	}
	total := len(rows)
	if head[2] != "" {
		skip, _ := strconv.Atoi(head[1]) // nine digits at most
		first, _ := strconv.Atoi(head[2])
		rows = rows[min(skip, len(rows)):]
		rows = rows[:min(first, len(rows))]
	}
	answer := result{total: total}
	for _, r := range rows {
		row := element{name: "row"}
		for _, f := range r {
			row.children = append(row.children, element{name: f.name, text: f.text})
		}
		answer.Return.children = append(answer.Return.children, row)
	}
	return answer, nil
}

// certificates answers with all entries, without their texts, or with one text.
func (s *Server) certificates(query string) (rows [][]field) {
	wanted := sqlKey.FindStringSubmatch(query)
	for _, c := range s.backend.Certificates() {
		key := strings.ToLower(strings.Trim(uuid("certificate", string(c.DER)), "{}"))
		switch {
		case wanted == nil:
			rows = append(rows, []field{{"pkid", key}, {"certservice", c.Store}, {"servername", c.Server},
				{"subjectname", c.Subject}, {"issuername", c.Issuer}, {"serialnumber", c.Serial}})
		case wanted[1] == key:
			return [][]field{{{"certificate", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.DER}))}}}
		}
	}
	return rows
}
