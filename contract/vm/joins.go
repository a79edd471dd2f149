package vm

// What the compiler does to find out which values locals have where branches meet
// grows in ways that the number of a function's blocks does not tell. It looks
// for each local at those of all branches that lead to a place, and compares them;
// it does so again as long as that tells it of another value that is the same, which
// loops inside one another make it do once for each; and to find a value it walks
// back, block by block, to where the local was set or branches met before. joins
// bounds all of that. TestCompileBombs has what it takes at the limits.
type joins struct {
	edges uint64 // branches to where they meet
	walks uint64 // blocks walked back from there, for each local
	reads uint64 // blocks walked back where a local is read
	held  uint64 // operands that are kept from one block to the next
	given uint64 // values that calls take and give
	loops int    // most that are inside one another
	arity int    // most values that a block takes or gives
}

// What a block of a walk, an operand that is kept over a block, and a value that a
// branch or a call carries, cost in comparisons.
const (
	joinWalk = 16
	joinHeld = 200
	joinMove = 1000
)

// maxMoves is how many values the branches and calls of one function may carry: the
// compiler makes instructions of them, which take half a kilobyte each. maxHeld is
// how many operands may be kept over its blocks, all together.
const (
	maxMoves = 1 << 18
	maxHeld  = 1 << 22
)

// joinsPerWork is how many comparisons are a unit of a module's work. Modules of the
// Go toolchain and Phala's QuickJS have a little less than that for each of their
// blocks squared; their fullest function carries 70,000 values.
const joinsPerWork = 60

// moves is how many values the branches and calls of a function with so many locals
// carry.
func (j joins) moves(locals int) uint64 { return j.edges*j.values(locals) + j.given }

func (j joins) values(locals int) uint64 { return uint64(locals + j.arity + 1) } // and gas

// work is what all of it costs, in comparisons.
func (j joins) work(locals int) uint64 {
	values := j.values(locals)
	return joinMove*j.moves(locals) + uint64(j.loops+1)*j.edges*values*values + joinWalk*(j.walks*values+j.reads) + joinHeld*j.held
}

// excessive tells that one function of so many locals is too much.
func (j joins) excessive(locals int) bool { return j.moves(locals) > maxMoves || j.held > maxHeld }

// meeting is what leads to the label of a block.
type meeting struct {
	edges  int
	length int // of the longest way there
	before way // how the block was reached
}

// way is how the current operation is reached.
type way struct {
	length int  // blocks since branches met
	dead   bool // it is not
	loops  int  // that it is inside of
}

// How many blocks a check adds that the instrumenter puts in, and a loop that the
// compiler makes.
const (
	checkBlocks = 2
	fillBlocks  = 3
)

// added counts blocks that are not in the code and come into it.
func (s *scanner) added(n int) {
	s.out.blocks += n
	s.way.length += n
}

// lead counts a branch from here to the label of a block.
func (s *scanner) lead(c *control) {
	if s.way.dead {
		return
	}
	c.meet.edges++
	c.meet.length = max(c.meet.length, s.way.length)
	s.out.joins.edges++
	s.out.joins.walks += uint64(s.way.length) + 1
}

// enter begins a block.
func (s *scanner) enter(c *control) {
	c.meet.before = s.way
	s.out.joins.arity = max(s.out.joins.arity, c.params, c.results)
	switch c.op {
	case opIf:
		s.way.length++
	case opLoop:
		s.lead(c)
		s.way.length = checkBlocks
		s.way.loops++
		s.out.joins.loops = max(s.out.joins.loops, s.way.loops)
	}
}

// otherwise ends the first part of an if.
func (s *scanner) otherwise(c *control) {
	s.lead(c)
	s.way = c.meet.before
	s.way.length++
}

// leave ends a block.
func (s *scanner) leave(c *control) {
	if c.op == opLoop {
		if s.way.loops--; c.meet.edges == 1 { // nothing continues it
			s.way.length += c.meet.before.length + 1
		}
		return
	}
	s.lead(c)
	if c.op == opIf { // there is no else
		s.way = c.meet.before
		s.way.length++
		s.lead(c)
	}
	s.way.length, s.way.dead = c.meet.length+1, c.meet.edges == 0
	if c.meet.edges > 1 {
		s.way.length = 0
	}
}
