package main

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// loaded is when this package was initialised, some milliseconds after the
// process began.
var loaded = time.Now()

// processStart is when this process began, as the kernel has it, so that what
// the runtime did before main counts too.
func processStart() time.Time {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return loaded
	}
	uptime, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return loaded
	}
	_, rest, ok := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	up := strings.Fields(string(uptime))
	if !ok || len(fields) < 20 || len(up) < 1 {
		return loaded
	}
	ticks, err1 := strconv.ParseFloat(fields[19], 64) // field 22: start time in 1/100 s after boot
	seconds, err2 := strconv.ParseFloat(up[0], 64)
	if err1 != nil || err2 != nil {
		return loaded
	}
	age := time.Duration((seconds - ticks/100) * float64(time.Second))
	if age < 0 || age > time.Minute {
		return loaded
	}
	return time.Now().Add(-age)
}
