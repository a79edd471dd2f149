package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/tee/image"
	"github.com/tacit-network/tacit/tee/sim"
)

func imageCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "image", Short: "The measured image of a worker"}
	cmd.AddCommand(imageBuild(), imageMeasure())
	return cmd
}

// bootFlags say what a machine boots, beside the initramfs.
type bootFlags struct {
	kernel, commandLine string
	memory              uint64
}

func (f *bootFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.kernel, "kernel", "", "file with the Linux kernel (bzImage) that is booted")
	cmd.Flags().StringVar(&f.commandLine, "append", "console=ttyS0 quiet panic=-1", "the kernel's command line")
	cmd.Flags().Uint64Var(&f.memory, "memory", 512, "memory of the machine below 4 GiB, in MiB")
}

// measurements are what a machine measures of an image.
type measurements struct {
	PCR4  string `json:"pcr4"`
	PCR9  string `json:"pcr9"`
	RTMR2 string `json:"rtmr2_unverified"`
}

func (f *bootFlags) measure(initramfs []byte) (*measurements, error) {
	if f.memory == 0 || f.memory > 4096 {
		return nil, hint(fmt.Errorf("--memory %d MiB is not between 1 and 4096", f.memory), "give what QEMU puts below 4 GiB: all of -m up to 2048")
	}
	kernel, err := readLimited(f.kernel, image.MaxKernel)
	if err != nil {
		return nil, err
	}
	b := image.Boot{Kernel: kernel, Initramfs: initramfs, CommandLine: f.commandLine, Memory: f.memory << 20}
	pcr4, err := b.PCR4()
	if err != nil {
		return nil, hint(fmt.Errorf("measure %s: %w", f.kernel, err), "--kernel names a kernel of a distribution's, such as /boot/vmlinuz-6.1.0-56-cloud-amd64")
	}
	pcr9, err := b.PCR9()
	if err != nil {
		return nil, err
	}
	rtmr2, err := b.RTMR2()
	return &measurements{fmt.Sprintf("%x", pcr4), fmt.Sprintf("%x", pcr9), fmt.Sprintf("%x", rtmr2)}, err
}

func (m *measurements) print(w io.Writer) {
	fmt.Fprintf(w, "PCR 4      %s\nPCR 9      %s\nRTMR2      %s (never compared with hardware)\n", m.PCR4, m.PCR9, m.RTMR2)
}

// built is what `tacit image build` made.
type built struct {
	Initramfs string        `json:"initramfs"` // file
	SHA256    string        `json:"initramfs_sha256"`
	Worker    string        `json:"worker_sha256"`
	Simulated string        `json:"simulated_image"` // the name of the program on simulated hardware
	Measured  *measurements `json:"measurements,omitempty"`
}

func imageBuild() *cobra.Command {
	var boot bootFlags
	var dir, source string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "build", Short: "Build the image of a worker, the same bytes everywhere", Args: cobra.NoArgs,
		Example: "  tacit image build --out ./image --kernel /boot/vmlinuz-6.1.0-56-cloud-amd64",
		Long: "Build tacit-worker from the source, statically, and an initramfs in which it is the first process and the only program.\n" +
			"The same source and the same Go give the same bytes in any folder. With --kernel it prints what a machine measures.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			worker, err := buildImageWorker(cmd.Context(), source)
			if err != nil {
				return err
			}
			initramfs, err := image.Initramfs(worker)
			if err != nil {
				return err
			}
			mrtd, err := sim.MeasureProgram(bytes.NewReader(worker))
			if err != nil {
				return err
			}
			out := built{
				Initramfs: filepath.Join(dir, "initramfs.cpio.gz"), SHA256: fmt.Sprintf("%x", sha256.Sum256(initramfs)),
				Worker: fmt.Sprintf("%x", sha256.Sum256(worker)), Simulated: attest.ImageID(sim.Measurement(mrtd)).String(),
			}
			if boot.kernel != "" {
				if out.Measured, err = boot.measure(initramfs); err != nil {
					return err
				}
			}
			if err := os.WriteFile(out.Initramfs, initramfs, 0o644); err != nil {
				return err
			}
			return (&userFlags{json: asJSON}).print(cmd.OutOrStdout(), out, func(w io.Writer) {
				fmt.Fprintf(w, "initramfs  %s, %d bytes\nSHA-256    %s\nworker     SHA-256 %s\nsimulated  image %s\n",
					out.Initramfs, len(initramfs), out.SHA256, out.Worker, out.Simulated)
				if out.Measured != nil {
					out.Measured.print(w)
				}
			})
		},
	}
	boot.add(cmd)
	cmd.Flags().StringVar(&dir, "out", ".", "folder to write initramfs.cpio.gz into")
	cmd.Flags().StringVar(&source, "source", ".", "folder with the source")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// buildImageWorker builds the worker as everybody builds it, and returns it.
func buildImageWorker(ctx context.Context, source string) (worker []byte, err error) {
	if _, err := os.Stat(filepath.Join(source, "cmd/tacit-worker")); errors.Is(err, fs.ErrNotExist) {
		return nil, hint(fmt.Errorf("%s has no cmd/tacit-worker", source), "--source names the folder with Tacit's source")
	}
	dir, err := os.MkdirTemp("", "tacit-image-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	target := filepath.Join(dir, "tacit-worker")
	args := append(append([]string{"build"}, workerFlags...), "-o", target, "./cmd/tacit-worker")
	build := exec.CommandContext(ctx, "go", args...)
	build.Dir = source
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "GOFLAGS=", "GOEXPERIMENT=", "GODEBUG=")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, hint(fmt.Errorf("build tacit-worker: %w\n%s", err, out), "the Go that go.mod names has to be there")
	}
	return os.ReadFile(target)
}

func imageMeasure() *cobra.Command {
	var boot bootFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use: "measure INITRAMFS", Short: "Print what a machine measures that boots an image", Args: cobra.ExactArgs(1),
		Example: "  tacit image measure image/initramfs.cpio.gz --kernel /boot/vmlinuz-6.1.0-56-cloud-amd64 --memory 512",
		Long: "Compute from kernel, command line and initramfs what a machine's TPM measures (SHA-256) that boots them with QEMU and OVMF by\n" +
			"the kernel's EFI stub. Nothing is started.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if boot.kernel == "" {
				return hint(errors.New("a kernel is needed"), "--kernel names the kernel that is booted")
			}
			initramfs, err := readLimited(args[0], image.MaxKernel)
			if err != nil {
				return err
			}
			m, err := boot.measure(initramfs)
			if err != nil {
				return err
			}
			return (&userFlags{json: asJSON}).print(cmd.OutOrStdout(), m, m.print)
		},
	}
	boot.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}
