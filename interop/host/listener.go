package host

import (
	"errors"
	"fmt"
	"net"
	"os"
)

// listenerVariable tells the child which descriptor to adopt.
const listenerVariable = "BATON_CONNECTOR_SERVICE_LISTENER_FD"

// listener is a bound loopback socket that a child will adopt.
type listener struct {
	port uint32
	// file is handed to the child.
	file *os.File
	// socket stays open here as long as the child runs, because hosts keep
	// theirs: a connector must not count on being the only holder.
	socket net.Listener
}

func listen() (*listener, error) {
	socket, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the child: %w", err)
	}
	tcp, ok := socket.(*net.TCPListener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("unexpected listener %T", socket), socket.Close())
	}
	file, err := tcp.File()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("duplicate the listener: %w", err), socket.Close())
	}
	// Fd puts the descriptor into blocking mode, which is how children of a
	// real host receive it.
	_ = file.Fd()
	port := socket.Addr().(*net.TCPAddr).Port
	return &listener{port: uint32(port), file: file, socket: socket}, nil
}

func (l *listener) close() {
	_ = l.file.Close()
	_ = l.socket.Close()
}
