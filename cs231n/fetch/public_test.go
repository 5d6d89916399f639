package fetch

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRefuseLocal(t *testing.T) {
	t.Parallel()
	for address, local := range map[string]bool{
		"127.0.0.1:80": true, "[::1]:80": true, "[::ffff:127.0.0.1]:80": true, "0.0.0.0:80": true, "[::]:80": true,
		"10.1.2.3:80": true, "172.16.0.1:80": true, "192.168.1.1:80": true, "[fd00::1]:80": true, "[fe80::1%eth0]:80": true,
		"169.254.169.254:80": true, "100.100.100.200:80": true, "224.0.0.1:80": true, "255.255.255.255:80": true,
		"93.184.216.34:80": false, "172.32.0.1:80": false, "100.128.0.1:80": false, "[2606:2800:220:1::1]:443": false,
	} {
		if err := refuseLocal("tcp", address, nil); local {
			require.ErrorIs(t, err, errLocal, address)
		} else {
			require.NoError(t, err, address)
		}
	}
}

// TestLocalNetwork requests pictures from this machine, by IP address and by name.
func TestLocalNetwork(t *testing.T) {
	t.Parallel()
	asked := 0
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	t.Cleanup(web.Close)
	for _, address := range []string{web.URL, strings.Replace(web.URL, "127.0.0.1", "localhost", 1)} {
		_, err := Images{}.Get(t.Context(), address)
		require.EqualError(t, err, "fetch: "+address+": is on the local network; copy the picture into the data folder, or use an address on the internet")
	}
	require.Zero(t, asked)
	_, err := Images{Requests: Requests{LocalNetwork: true}}.Get(t.Context(), web.URL)
	require.ErrorContains(t, err, "is empty")
	require.Equal(t, 1, asked)
}
