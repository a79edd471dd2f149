package vm

// scan walks over one function body before it is rewritten: it checks the
// limits, finds the metered blocks with their costs, and bounds the operand
// stack.

// blockKind says what a metered block begins with.
type blockKind uint8

const (
	blockPlain blockKind = iota
	blockEntry           // the function: gas is checked
	blockLoop            // the head of a loop: gas is checked
)

// meter is one metered block: a straight line of code, paid for at its start.
type meter struct {
	at   int // offset in the body's code
	cost uint64
	kind blockKind
}

// scanned is what scan found out about a function.
type scanned struct {
	meters    []meter
	blocks    int // basic blocks
	branches  int // entries of branch tables
	joins     joins
	maxHeight int // operands held at most
	scratch32 bool
	nan32     bool
	nan64     bool
}

type control struct {
	op       byte
	height   int // of the operand stack below the block's parameters
	results  int
	params   int
	targeted bool
	meet     meeting
}

type scanner struct {
	m       *module
	p       *Profile
	fn      int // for messages
	r       reader
	typ     FuncType
	nLocals uint32 // with parameters

	out    scanned
	cur    int // index of the current block
	height int
	ctl    []control
	way    way
}

func scan(m *module, p *Profile, fn int) (*scanned, error) {
	b := m.bodies[fn]
	t := m.types[m.funcs[fn]]
	s := &scanner{m: m, p: p, fn: fn, r: reader{b: b.code}, typ: t, nLocals: uint32(len(t.Params)) + b.nLocals}
	s.ctl = append(s.ctl, control{op: opBlock, results: len(t.Results)})
	s.out.joins.arity, s.way.length = len(t.Results), 2*checkBlocks // of gas and of height
	s.out.meters = append(s.out.meters, meter{kind: blockEntry, cost: 1 + uint64(b.nLocals)})
	for len(s.ctl) > 0 {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	if s.r.more() {
		return nil, refuse("function %d: code after its end", fn)
	}
	if s.out.blocks > p.MaxBlocks {
		return nil, refuse("function %d has %d blocks, %d are the most", fn, s.out.blocks, p.MaxBlocks)
	}
	return &s.out, nil
}

// push and pop move the bound of the operand stack; in unreachable code more
// may be popped than was pushed.
func (s *scanner) move(delta int) {
	s.height += delta
	if base := s.ctl[len(s.ctl)-1].height; s.height < base {
		s.height = base
	}
	s.out.maxHeight = max(s.out.maxHeight, s.height)
}

func (s *scanner) charge(gas uint64) { s.out.meters[s.cur].cost += gas }

// begin starts a metered block at the reader's position.
func (s *scanner) begin(kind blockKind) {
	s.cur = len(s.out.meters)
	s.out.meters = append(s.out.meters, meter{at: s.r.pos, kind: kind})
	s.out.joins.held += uint64(s.height)
	if kind == blockLoop {
		s.out.meters[s.cur].cost = 1 // an empty loop is not free
	}
}

func (s *scanner) target(depth uint32) error {
	if int64(depth) >= int64(len(s.ctl)) {
		return refuse("function %d: branch to unknown label %d", s.fn, depth)
	}
	c := &s.ctl[len(s.ctl)-1-int(depth)]
	c.targeted = true
	s.lead(c)
	return nil
}

func (s *scanner) step() error {
	op, err := s.r.byte()
	if err != nil {
		return refuse("function %d: %v", s.fn, err)
	}
	switch op {
	case opBlock, opLoop, opIf:
		err = s.open(op)
	case opElse:
		top := &s.ctl[len(s.ctl)-1]
		if top.op != opIf {
			return refuse("function %d: else without if", s.fn)
		}
		s.otherwise(top)
		top.op = opElse
		s.height = top.height + top.params
		s.out.blocks++
		s.begin(blockPlain)
	case opEnd:
		top := s.ctl[len(s.ctl)-1]
		s.ctl = s.ctl[:len(s.ctl)-1]
		s.leave(&top)
		s.height = top.height + top.results
		s.out.maxHeight = max(s.out.maxHeight, s.height)
		s.out.blocks++
		if len(s.ctl) > 0 && (top.op == opIf || top.op == opElse || top.targeted && top.op != opLoop) {
			s.begin(blockPlain)
		}
	case opBr, opBrIf:
		var d uint32
		if d, err = s.r.u32(); err != nil {
			break
		}
		if err = s.target(d); err != nil {
			return err
		}
		if s.way.dead = s.way.dead || op == opBr; op == opBrIf {
			s.move(-1)
			s.way.length++
		}
		s.charge(6)
		s.out.blocks++
		s.begin(blockPlain)
	case opBrTable:
		err = s.brTable()
	case opReturn, opUnreachable:
		if op == opReturn { // which becomes a branch
			s.lead(&s.ctl[0])
		}
		s.way.dead = true
		s.charge(2)
		s.out.blocks++
		s.begin(blockPlain)
	case opNop:
	case opCall, opCallIndirect:
		err = s.call(op)
	case opLocalGet, opLocalSet, opLocalTee:
		var i uint32
		if i, err = s.r.u32(); err != nil {
			break
		}
		if i >= s.nLocals {
			return refuse("function %d: unknown local %d", s.fn, i)
		}
		if op == opLocalGet && !s.way.dead {
			s.out.joins.reads += uint64(s.way.length)
		}
		s.charge(1)
		s.move([]int{1, -1, 0}[op-opLocalGet])
	case opGlobalGet, opGlobalSet:
		var i uint32
		if i, err = s.r.u32(); err != nil {
			break
		}
		if i >= s.m.nGlobals {
			return refuse("function %d: unknown global %d", s.fn, i)
		}
		s.charge(3)
		s.move([]int{1, -1}[op-opGlobalGet])
	case opPrefix:
		err = s.prefixed()
	default:
		err = s.plain(op)
	}
	if err == errTruncated || err == errNumber {
		return refuse("function %d: %v", s.fn, err)
	}
	return err
}

func (s *scanner) open(op byte) error {
	if len(s.ctl) >= s.p.MaxNesting {
		return refuse("function %d nests deeper than %d", s.fn, s.p.MaxNesting)
	}
	t, err := s.r.signed(33)
	if err != nil {
		return err
	}
	if op == opIf {
		s.charge(6)
		s.move(-1)
	}
	c := control{op: op}
	switch {
	case t == int64(typeEmpty)-0x80:
	case t < 0:
		if t < -64 {
			return refuse("function %d: block type %d", s.fn, t)
		}
		if err := checkType(byte(t & 0x7f)); err != nil {
			return err
		}
		c.results = 1
	case !s.p.MultiValue || t >= int64(len(s.m.types)):
		return refuse("function %d: block of type %d", s.fn, t)
	default:
		c.params, c.results = len(s.m.types[t].Params), len(s.m.types[t].Results)
	}
	c.height = max(s.height-c.params, s.ctl[len(s.ctl)-1].height)
	s.enter(&c)
	s.ctl = append(s.ctl, c)
	s.out.blocks++
	switch op {
	case opLoop:
		s.begin(blockLoop)
	case opIf:
		s.begin(blockPlain)
	}
	return nil
}

func (s *scanner) brTable() error {
	n, err := s.r.u32()
	if err != nil {
		return err
	}
	if int64(n) > int64(s.p.MaxBrTable) {
		return refuse("function %d: a branch table of %d entries, %d are the most", s.fn, n, s.p.MaxBrTable)
	}
	s.out.branches += int(n) + 1
	for range n + 1 {
		d, err := s.r.u32()
		if err != nil {
			return err
		}
		if err := s.target(d); err != nil {
			return err
		}
	}
	s.way.dead = true
	s.move(-1)
	s.charge(50)
	s.out.blocks++
	s.begin(blockPlain)
	return nil
}

func (s *scanner) call(op byte) error {
	i, err := s.r.u32()
	if err != nil {
		return err
	}
	var t FuncType
	if op == opCall {
		n := uint64(len(s.m.imports))
		switch {
		case uint64(i) < n:
			t = s.m.types[s.m.imports[i].typ]
		case uint64(i) < n+uint64(len(s.m.funcs)):
			t = s.m.types[s.m.funcs[uint64(i)-n]]
		default:
			return refuse("function %d calls unknown function %d", s.fn, i)
		}
		s.charge(gasCall)
	} else {
		table, err := s.r.byte()
		if err != nil {
			return err
		}
		if uint64(i) >= uint64(len(s.m.types)) || table != 0 {
			return refuse("function %d: indirect call of type %d in table %d", s.fn, i, table)
		}
		t = s.m.types[i]
		s.charge(gasCallIndirect)
		s.move(-1)
	}
	s.out.joins.given += uint64(len(t.Params) + len(t.Results))
	s.move(-len(t.Params))
	s.move(len(t.Results))
	return nil
}

func (s *scanner) prefixed() error {
	sub, err := s.r.u32()
	if err != nil {
		return err
	}
	switch {
	case sub <= 7 && s.p.SatFloat:
		s.charge(35)
	case (sub == subMemoryCopy || sub == subMemoryFill) && s.p.Bulk:
		n := 1
		if sub == subMemoryCopy {
			n = 2
		}
		idx, err := s.r.bytes(n)
		if err != nil {
			return err
		}
		if idx[0] != 0 || idx[n-1] != 0 {
			return refuse("function %d: unknown memory", s.fn)
		}
		s.charge(gasBulk)
		s.added(checkBlocks)
		if sub == subMemoryFill { // which the compiler makes a loop
			s.added(fillBlocks)
		}
		s.move(-3)
		s.out.scratch32 = true
	default:
		return refuse("function %d: operation 0xfc %d is not offered in profile %s", s.fn, sub, s.p.Name)
	}
	return nil
}

func (s *scanner) plain(op byte) error {
	o := operations[op]
	if !o.known {
		return refuse("function %d: operation %#x is not offered", s.fn, op)
	}
	var err error
	switch {
	case op >= 0x28 && op <= 0x3e:
		var align uint32
		if align, err = s.r.u32(); err != nil {
			return err
		}
		if align > 3 {
			return refuse("function %d: alignment %d", s.fn, align)
		}
		if _, err = s.r.u32(); err != nil {
			return err
		}
		if op <= 0x35 && s.m.maxPages > 16 {
			o.cost = gasLoadBig
		}
	case op == opMemorySize || op == opMemoryGrow:
		var z byte
		if z, err = s.r.byte(); err == nil && z != 0 {
			return refuse("function %d: unknown memory", s.fn)
		}
		if op == opMemoryGrow {
			s.out.scratch32 = true
			s.added(checkBlocks)
			// What has grown is used once: a fresh instance gets all segments again.
			s.charge(uint64(s.m.nSegments) * gasSegment)
		}
	case op == opI32Const:
		_, err = s.r.signed(32)
	case op == opI64Const:
		_, err = s.r.signed(64)
	case op == opF32Const:
		_, err = s.r.bytes(4)
	case op == opF64Const:
		_, err = s.r.bytes(8)
	}
	if err != nil {
		return err
	}
	switch op {
	case opF32Store, opF32Copysign, opReinterpF32:
		s.out.nan32 = true
	case opF64Store, opF64Copysign, opReinterpF64:
		s.out.nan64 = true
	}
	s.charge(uint64(o.cost))
	s.move(int(o.delta))
	return nil
}
