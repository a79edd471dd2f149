package cluster

import (
	"maps"
	"sync"

	"github.com/tacit-network/tacit/contract/host"
)

// Limits of what one cluster's contracts cache on one machine.
const (
	maxCached         = 1 << 20 // bytes of one contract
	maxCachedContract = 64      // contracts
	cachedEntry       = 64      // bytes that an entry costs beside its key and value
)

// cache is what contracts remember in queries, in the memory of this worker.
type cache struct {
	mu        sync.Mutex // guards what follows
	contracts map[[32]byte]*cached
}

type cached struct {
	size    int
	entries map[string]cachedValue
}

type cachedValue struct {
	value []byte
	until uint64 // ms
}

func newCache() *cache { return &cache{contracts: map[[32]byte]*cached{}} }

// at is the cache at a time of blocks, in ms.
func (c *cache) at(now uint64) host.Cache { return cacheAt{c, now} }

type cacheAt struct {
	*cache
	now uint64
}

// Get implements host.Cache.
func (c cacheAt) Get(contract [32]byte, key []byte) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.contracts[contract]
	if !ok {
		return nil, false
	}
	v, ok := k.entries[string(key)]
	return v.value, ok && v.until > c.now
}

// Set implements host.Cache.
func (c cacheAt) Set(contract [32]byte, key, value []byte, until uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.contracts[contract]
	if !ok {
		if len(c.contracts) >= maxCachedContract {
			c.expire()
		}
		if len(c.contracts) >= maxCachedContract {
			return false
		}
		k = &cached{entries: map[string]cachedValue{}}
		c.contracts[contract] = k
	}
	k.remove(string(key))
	size := cachedEntry + len(key) + len(value)
	if k.size+size > maxCached {
		k.expire(c.now)
	}
	if k.size+size > maxCached {
		return false
	}
	k.size += size
	k.entries[string(key)] = cachedValue{value, until}
	return true
}

// Remove implements host.Cache.
func (c cacheAt) Remove(contract [32]byte, key []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.contracts[contract]; ok {
		k.remove(string(key))
	}
}

// expire forgets contracts of which nothing is cached any more. The caller
// holds mu.
func (c cacheAt) expire() {
	maps.DeleteFunc(c.contracts, func(_ [32]byte, k *cached) bool {
		k.expire(c.now)
		return len(k.entries) == 0
	})
}

func (k *cached) expire(now uint64) {
	for key, v := range k.entries {
		if v.until <= now {
			k.remove(key)
		}
	}
}

func (k *cached) remove(key string) {
	if v, ok := k.entries[key]; ok {
		k.size -= cachedEntry + len(key) + len(v.value)
		delete(k.entries, key)
	}
}
