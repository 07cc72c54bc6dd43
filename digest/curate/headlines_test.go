package curate

import (
	"bufio"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"digestd/internal/needs"
)

var fit = flag.Bool("fit", false, "fit the model to the even lines of the headline pairs and print its weights")

// tsv reads a table whose first line names its columns; lines are numbered as in the file.
func tsv(t testing.TB, path string) (rows [][]string) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		rows = append(rows, strings.Split(s.Text(), "\t"))
	}
	return rows[1:]
}

// pair is two headlines that people judged.
type pair struct {
	line int
	same bool // scored 4 and more; else 2 and less
	a, b string
}

// headlinePairs are the judged pairs of a genre, those between same and different left out.
func headlinePairs(t testing.TB, genre string) (even, odd []pair) {
	for i, r := range tsv(t, needs.Corpus(t, "headlines/sts_news_train.tsv")) {
		score, err := strconv.ParseFloat(r[3], 64)
		if err != nil {
			t.Fatal(err)
		}
		if r[1] != genre || score > 2 && score < 4 {
			continue
		}
		p := pair{i + 2, score >= 4, r[4], r[5]}
		if p.line%2 == 0 {
			even = append(even, p)
		} else {
			odd = append(odd, p)
		}
	}
	return even, odd
}

// precisionRecall counts the pairs whose score reaches the threshold.
func precisionRecall(pairs []pair, score func(a, b string) float64, threshold float64) (precision, recall float64) {
	var hit, wrong, all float64
	for _, p := range pairs {
		if p.same {
			all++
		}
		if score(p.a, p.b) >= threshold {
			if p.same {
				hit++
			} else {
				wrong++
			}
		}
	}
	return hit / (hit + wrong), hit / all
}

func TestHeadlinePairs(t *testing.T) {
	even, odd := headlinePairs(t, "headlines")
	if *fit {
		fitModel(t, even)
	}
	if *fit {
		for th := 0.6; th < 0.96; th += 0.05 {
			p, r := precisionRecall(even, Pair, th)
			p2, r2 := precisionRecall(odd, Pair, th)
			t.Logf("threshold %.2f: even %.3f %.3f, odd %.3f %.3f", th, p, r, p2, r2)
		}
	}
	for _, half := range []struct {
		name  string
		pairs []pair
	}{{"even lines, tuned on", even}, {"odd lines, unseen", odd}} {
		p, r := precisionRecall(half.pairs, Pair, Threshold)
		t.Logf("%s: %d pairs, precision %.3f, recall %.3f", half.name, len(half.pairs), p, r)
		if p < 0.95 || r < 0.80 {
			t.Errorf("%s: want precision 0.95 and recall 0.80 at least", half.name)
		}
	}
	a, b := headlinePairs(t, "deft-news")
	p, r := precisionRecall(append(a, b...), Pair, Threshold)
	t.Logf("forum news (deft-news): %d pairs, precision %.3f, recall %.3f", len(a)+len(b), p, r)
	if testing.Verbose() {
		logErrors(t, even)
	}
}

// logErrors lists what is judged wrongly, the worst first.
func logErrors(t *testing.T, pairs []pair) {
	slices.SortStableFunc(pairs, func(x, y pair) int {
		return -int(math.Copysign(1, math.Abs(Pair(x.a, x.b)-Threshold)-math.Abs(Pair(y.a, y.b)-Threshold)))
	})
	for _, p := range pairs {
		if s := Pair(p.a, p.b); p.same != (s >= Threshold) {
			t.Logf("line %d: %.2f, same %v: %q %q", p.line, s, p.same, p.a, p.b)
		}
	}
}

// fitModel fits a logistic model with a weak prior towards zero by Newton's method and prints it,
// with the recall that ten-fold cross-validation finds at some precisions.
func fitModel(t *testing.T, pairs []pair) {
	x := make([]features, len(pairs))
	y := make([]bool, len(pairs))
	vetoed := make([]bool, len(pairs))
	for i, p := range pairs {
		a, b := NewDocument(p.a, "", ""), NewDocument(p.b, "", "")
		if a.order > b.order {
			a, b = b, a
		}
		x[i], vetoed[i] = compare(a, b)
		y[i] = p.same
	}
	cross := make([]float64, len(pairs))
	for fold := range 10 {
		m := logistic(x, y, func(i int) bool { return i%10 != fold && !vetoed[i] })
		for i := range x {
			if i%10 == fold && !vetoed[i] {
				cross[i] = dot(m, x[i])
			} else if vetoed[i] {
				cross[i] = math.Inf(-1)
			}
		}
	}
	for _, want := range []float64{0.95, 0.96, 0.97, 0.98} {
		recall, at := recallAt(cross, y, want)
		t.Logf("cross-validated: recall %.3f at precision %.2f, score %.3f", recall, want, 1/(1+math.Exp(-at)))
	}
	full := logistic(x, y, func(i int) bool { return !vetoed[i] })
	var b strings.Builder
	for i, w := range full {
		fmt.Fprintf(&b, "%d: %.2f\n", i, w)
	}
	t.Logf("model:\n%s", b.String())
	model = full
}

func recallAt(score []float64, same []bool, precision float64) (recall, at float64) {
	order := make([]int, len(score))
	all := 0.0
	for i := range order {
		order[i] = i
		if same[i] {
			all++
		}
	}
	slices.SortFunc(order, func(a, b int) int { return -int(math.Copysign(1, score[a]-score[b])) })
	hit := 0.0
	for n, i := range order {
		if same[i] {
			hit++
		}
		if hit/float64(n+1) >= precision && hit/all > recall {
			recall, at = hit/all, score[i]
		}
	}
	return recall, at
}

func dot(m, x features) (sum float64) {
	for i := range m {
		sum += m[i] * x[i]
	}
	return sum
}

// logistic minimises the log loss of the chosen rows plus half the prior times the squared weights,
// measured in standard deviations of their features.
func logistic(x []features, y []bool, chosen func(int) bool) features {
	const prior = 5
	var deviation, mean features
	n := 0.0
	for i := range x {
		if chosen(i) {
			n++
			for k := range mean {
				mean[k] += x[i][k]
				deviation[k] += x[i][k] * x[i][k]
			}
		}
	}
	for k := range mean {
		mean[k] /= n
		deviation[k] = math.Max(1e-9, deviation[k]/n-mean[k]*mean[k])
	}
	var m features
	for range 50 {
		var gradient features
		var hessian [featureCount][featureCount]float64
		for k := range m {
			if k != bias { // what no row has keeps the weight 0
				gradient[k] = prior * m[k] * deviation[k]
				hessian[k][k] = prior * deviation[k]
			}
		}
		for i := range x {
			if !chosen(i) {
				continue
			}
			p := 1 / (1 + math.Exp(-dot(m, x[i])))
			target := 0.0
			if y[i] {
				target = 1
			}
			for k := range m {
				gradient[k] += (p - target) * x[i][k]
				for l := range m {
					hessian[k][l] += p * (1 - p) * x[i][k] * x[i][l]
				}
			}
		}
		step := solve(hessian, gradient)
		for k := range m {
			m[k] -= step[k]
		}
	}
	return m
}

// solve is Gaussian elimination with pivoting.
func solve(a [featureCount][featureCount]float64, b features) features {
	const n = int(featureCount)
	for i := range n {
		a[i][i] += 1e-9
		pivot := i
		for j := i + 1; j < n; j++ {
			if math.Abs(a[j][i]) > math.Abs(a[pivot][i]) {
				pivot = j
			}
		}
		a[i], a[pivot] = a[pivot], a[i]
		b[i], b[pivot] = b[pivot], b[i]
		for j := i + 1; j < n; j++ {
			f := a[j][i] / a[i][i]
			for k := i; k < n; k++ {
				a[j][k] -= f * a[i][k]
			}
			b[j] -= f * b[i]
		}
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			b[i] -= a[i][k] * b[k]
		}
		b[i] /= a[i][i]
	}
	return b
}
