package trust

import (
	"fmt"

	"ctlclient/ctlbuild"
	"ctlclient/internal/lazyregexp"
)

// What a phone prints, word for word as the logs in the documents have it; the
// running number, the time and what only the phone knows (socket numbers, lengths
// of its own messages) are left out. Where the documents show no line, none is printed.
const (
	lineListFailed   = "Trust List Verification Failed"
	lineSearchCTL    = "SECD: findByCertAndRoleInTL: Searching TL from CTL file"
	lineSearchITL    = "SECD: findByCertAndRoleInTL: Searching TL from ITL file"
	lineHTTPSUnknown = "SECD: EROR:https_cert_vfy: HTTPS cert not in CTL"
	lineServerCert   = "SECD: srvr_cert_vfy: Server Certificate Validation needs to be done"
	lineTVSRequest   = "SECD: processTvsClntReq: TVS Certificate Authentication request"
	lineTVSInCTL     = "SECD: findByIssuerAndSerialAndRoleInTL: Searching TL from CTL file"
	lineTVSInITL     = "SECD: findByIssuerAndSerialAndRoleInTL: Searching TL from ITL file"
	lineTVSHash      = "SECD: verifyCertWithHashFromTL: cert hash and hash in TL MATCH"
	lineTVSHashOK    = "SECD: tvs_cert_vfy: TVS cert verified with hash from TL"
	lineTVSSent      = "SECD: sendTvsClientReqToSrvr: Authenticate Certificate : request sent to TVS server - waiting for response"
	lineTVSProxy     = "SECD: setupSocketToTvsProxy: Connected to TVS proxy server"
	lineTVSFlush     = "SECD: processTvsClntReq: TVS Certificate cache flush request received"
	lineTVSFlushed   = "SECD: tvsFlushCertCache: Completed TVS Certificate cache flush request"
	lineHTTPSByTVS   = "SECD: Authenticated the HTTPS conn via TVS"
)

var deviceName = lazyregexp.New(`^SEP[0-9A-F]{12}$`)

func (a *assessment) print(lines ...string) { a.v.Console = append(a.v.Console, lines...) }

// printRequest prints the request for a trust list, where the phone's name is known.
func (a *assessment) printRequest(label string) {
	if deviceName.MatchString(a.v.Phone.Name) {
		a.print("SECD: tlRequestFile: Request " + label + a.v.Phone.Name + ".tlv")
	}
}

// success prints that the file verified, with the header's length when it has one.
func (a *assessment) success(o offered) {
	if o.header > 0 {
		a.print(fmt.Sprintf("SECD: validate_file_envelope: File sign verify SUCCESS; header length <%d>", o.header))
	}
}

// configSuccess prints that a configuration verified.
func (a *assessment) configSuccess() {
	if deviceName.MatchString(a.v.Phone.Name) {
		a.print("SECD: verifyFile: verify SUCCESS </usr/ram/" + a.v.Phone.Name + ".cnf.xml>")
	}
}

// printTVSServer prints how the phone authenticates the TVS server itself.
func (a *assessment) printTVSServer(records []tvsRecord) {
	a.print(lineServerCert, lineTVSInCTL)
	if len(records) == 0 {
		return
	}
	if records[0].where == "ITL" {
		a.print(lineTVSInITL)
	}
	if _, d := records[0].record.CertHash(); d != 0 && records[0].record.Certificate() == nil {
		a.print(lineTVSHash, lineTVSHashOK)
	}
}

// printFailed prints what the phone displays when it is certain to refuse a list.
func (a *assessment) printFailed() {
	if a.v.Certain {
		a.print(lineListFailed)
	}
}

// printStatus prints TVS's answer: 0 is valid.
func (a *assessment) printStatus(answer Answer) {
	status := 1
	if answer.Valid {
		status = 0
	}
	a.print(fmt.Sprintf("SECD: processTvsSrvrResponse: Authentication Response received, status : %d", status))
	if answer.Valid && answer.TTL > 0 {
		a.print(fmt.Sprintf("SECD: saveCertToTvsCache: Saving certificate in TVS cache with default time-to-live value: %d seconds",
			int64(answer.TTL.Seconds())))
	}
}

// tvsRecord is a TVS record of a held list.
type tvsRecord struct {
	where  string
	index  int
	record *ctlbuild.Record
}

func (t tvsRecord) String() string { return RecordName(t.index, t.record) + " of the " + t.where }
