package fetch

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"
)

// errLocal is the refusal to connect to this machine or its own network.
var errLocal = errors.New("is on the local network")

// public makes requests to the public network only. Somebody else wrote the list of addresses of a data set, which must
// not make this machine request what only it, or its cloud, can reach. The IP address is checked, after DNS and
// redirects.
//
// A proxy from the environment is trusted to make these checks itself.
type public struct{ direct *http.Transport }

func newPublic() public {
	direct := http.DefaultTransport.(*http.Transport).Clone()
	direct.Proxy = nil
	direct.DisableKeepAlives = true // nothing closes idle connections of a transport that is thrown away
	direct.DialContext = (&net.Dialer{Control: refuseLocal}).DialContext
	return public{direct}
}

// RoundTrip implements [http.RoundTripper].
func (p public) RoundTrip(r *http.Request) (*http.Response, error) {
	if proxy, err := http.ProxyFromEnvironment(r); err != nil || proxy != nil {
		return http.DefaultTransport.RoundTrip(r)
	}
	return p.direct.RoundTrip(r)
}

// refuseLocal checks an IP address just before the connection is made.
func refuseLocal(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	// RFC 6598: addresses that providers use internally, and some clouds for the secrets of a machine.
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10)
	if ip := to.Addr().Unmap(); !ip.IsGlobalUnicast() || ip.IsPrivate() || shared.Contains(ip) {
		return errLocal
	}
	return nil
}
