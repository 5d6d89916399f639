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

// public makes requests of the public network only. A data set comes from elsewhere, and its list of addresses must not
// make this machine ask for things that only it, or its cloud, can reach. What is judged is the number that a name
// stands for, when it is connected to, so that no name and no redirect leads around it.
//
// A proxy that the environment names is trusted to know what it lets through.
type public struct{ direct *http.Transport }

func newPublic() public {
	direct := http.DefaultTransport.(*http.Transport).Clone()
	direct.Proxy = nil
	direct.DisableKeepAlives = true // nobody would close them
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

// refuseLocal is called with every address before it is connected to.
func refuseLocal(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	// Beside private networks, what providers use among themselves (RFC 6598), some clouds for their secrets.
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10)
	if ip := to.Addr().Unmap(); !ip.IsGlobalUnicast() || ip.IsPrivate() || shared.Contains(ip) {
		return errLocal
	}
	return nil
}
