package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/attest/verdict"
)

// errSick means that something on the machine or the chain has to be mended.
var errSick = errors.New("something has to be mended")

// doctor looks at a machine and what runs on it. What it reads of the system is
// below root, so that tests have machines of their own.
type doctor struct {
	root   string // "/" but for tests
	getenv func(string) string
	now    func() time.Time
	data   string // folder of the node or the worker
	rpc    string
	worker string // URL; empty for none
	ports  []string
	wait   time.Duration // for an answer
}

func doctorCommand() *cobra.Command {
	d := doctor{root: "/", getenv: os.Getenv, now: time.Now}
	var f userFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what ails a machine, its node or its worker",
		Long: "Look at the machine (TEE devices, kernel, configfs, GODEBUG, disk, clock, ports), at the node (reachable, makes progress,\n" +
			"finality) and at a worker (answers, follows the chain, its registration), and say what to do about each thing that is\n" +
			"not as it should be. The command fails when something has to be mended.",
		Example: "  tacit doctor\n  tacit doctor --data ./net/w1 --worker http://127.0.0.1:9945 --port 127.0.0.1:9945",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.rpc, d.wait = f.rpc, f.wait
			tree := d.examine(cmd.Context())
			if err := f.print(cmd.OutOrStdout(), tree, func(w io.Writer) { _ = tree.Write(w) }); err != nil {
				return err
			}
			if bad := tree.FirstFailure(); bad != nil {
				return hint(fmt.Errorf("%w: %s", errSick, bad.Reason()), "%s", bad.Advice)
			}
			return nil
		},
	}
	f.add(cmd)
	cmd.Flags().Lookup("wait").DefValue, f.wait = "10s", 10*time.Second // who asks a doctor does not wait a minute
	cmd.Flags().StringVar(&d.data, "data", ".", "folder in which the node or the worker keeps its data")
	cmd.Flags().StringVar(&d.worker, "worker", "", "URL at which a worker answers its relay; none is looked at by default")
	cmd.Flags().StringArrayVar(&d.ports, "port", nil, "IP:port that a program is to listen on; may come more than once")
	return cmd
}

// examine looks at everything.
func (d *doctor) examine(ctx context.Context) *verdict.Check {
	machine := verdict.Group("machine", d.hardware(), d.kernel(), d.configfs(), d.godebug(), d.disk(), d.listens())
	node, worker := d.network(ctx)
	return verdict.Group("doctor", machine, node, worker)
}

func (d *doctor) there(path string) bool {
	_, err := os.Stat(filepath.Join(d.root, path))
	return err == nil
}

// hardware finds the TEE's device.
func (d *doctor) hardware() *verdict.Check {
	const name = "TEE"
	for _, tee := range []struct{ device, kind string }{{"dev/tdx_guest", "TDX"}, {"dev/sev-guest", "SEV-SNP"}} {
		if !d.there(tee.device) {
			continue
		}
		f, err := os.OpenFile(filepath.Join(d.root, tee.device), os.O_RDWR, 0)
		if err != nil {
			return verdict.Fail(name, "/"+tee.device, err.Error(), "run the worker as root, or give it the device")
		}
		_ = f.Close()
		return verdict.Pass(name, fmt.Sprintf("a guest of %s, /%s", tee.kind, tee.device))
	}
	c := verdict.Skip(name, "no /dev/tdx_guest and no /dev/sev-guest: this is no confidential VM, or its kernel has no driver",
		"for production start the worker in a confidential VM of TDX or SEV-SNP; for development nothing is needed")
	c.State = verdict.Warned
	return c
}

// The first kernel with configfs-tsm.
const kernelMajor, kernelMinor = 6, 7

func (d *doctor) kernel() *verdict.Check {
	const name = "kernel"
	raw, err := os.ReadFile(filepath.Join(d.root, "proc/sys/kernel/osrelease"))
	if err != nil {
		return verdict.Skip(name, "it does not say its version", "run this on Linux")
	}
	release := string(raw)
	var major, minor int
	if n, _ := fmt.Sscanf(release, "%d.%d", &major, &minor); n != 2 {
		return verdict.Skip(name, fmt.Sprintf("%.40q is no version", release), "")
	}
	c := verdict.Pass(name, fmt.Sprintf("Linux %d.%d", major, minor))
	if major < kernelMajor || major == kernelMajor && minor < kernelMinor {
		c.State, c.Field, c.Have = verdict.Warned, "version", fmt.Sprintf("%d.%d", major, minor)
		c.Want = fmt.Sprintf("at least %d.%d", kernelMajor, kernelMinor)
		c.Advice = "confidential VMs take their quotes by configfs-tsm: boot a newer kernel; simulated hardware does without"
	}
	return c
}

func (d *doctor) configfs() *verdict.Check {
	const name, path = "configfs-tsm", "sys/kernel/config/tsm/report"
	switch {
	case d.there(path):
		return verdict.Pass(name, "/"+path)
	case !d.there("dev/tdx_guest") && !d.there("dev/sev-guest"):
		return verdict.Skip(name, "there is no TEE to ask for quotes", "")
	case !d.there("sys/kernel/config"):
		return verdict.Fail(name, "/sys/kernel/config", "configfs is not mounted", "mount -t configfs none /sys/kernel/config")
	}
	return verdict.Fail(name, "/"+path, "the kernel offers no reports", "load the module tdx_guest or sev-guest, of Linux 6.7 or newer with CONFIG_TSM_REPORTS")
}

func (d *doctor) godebug() *verdict.Check {
	const name = "GODEBUG"
	if v := d.getenv(name); v != "" {
		c := verdict.Fail(name, name, "it changes what programs accept: node and worker refuse to start with it", "unset GODEBUG")
		c.Have, c.Want = fmt.Sprintf("%.80q", v), "nothing"
		return c
	}
	return verdict.Pass(name, "not set")
}

// The free space below which a node or a worker is about to stop, and below
// which somebody should look.
const (
	leastFree = 1 << 30
	someFree  = 10 << 30
)

func (d *doctor) disk() *verdict.Check {
	const name = "disk"
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.data, &s); err != nil {
		return verdict.Fail(name, d.data, err.Error(), "--data names a folder that is there")
	}
	free := s.Bavail * uint64(s.Bsize)
	c := verdict.Pass(name, fmt.Sprintf("%d GiB free in %s", free>>30, d.data))
	switch {
	case free < leastFree:
		c.State, c.Field, c.Advice = verdict.Failed, "free space", "make room: a node or a worker that cannot write stops"
		c.Have, c.Want = fmt.Sprintf("%d MiB", free>>20), fmt.Sprintf("at least %d MiB", leastFree>>20)
	case free < someFree:
		c.State, c.Advice = verdict.Warned, "make room before it gets scarce"
	}
	probe, err := os.CreateTemp(d.data, ".tacit-doctor-*")
	if err != nil {
		return verdict.Fail(name, d.data, err.Error(), "let the program write into its folder")
	}
	_, _ = probe.Close(), os.Remove(probe.Name())
	return c
}

// listens tells whether the ports that programs are to listen on are free, or
// taken by something.
func (d *doctor) listens() *verdict.Check {
	if len(d.ports) == 0 {
		return verdict.Skip("ports", "none was named", "name those that programs are to listen on with --port")
	}
	var parts []*verdict.Check
	for _, at := range d.ports {
		l, err := net.Listen("tcp", at)
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			parts = append(parts, verdict.Pass(at, "something listens"))
			continue
		case err != nil:
			parts = append(parts, verdict.Fail(at, "port", err.Error(), "choose another IP:port of this machine"))
			continue
		}
		_ = l.Close()
		c := verdict.Skip(at, "nothing listens, and it is free", "start what is to listen there")
		c.State = verdict.Warned
		parts = append(parts, c)
	}
	return verdict.Group("ports", parts...)
}
