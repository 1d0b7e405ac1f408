#include "line_search.h"

#include <math.h>

enum { MOST_TRIALS = 25 };
static const double c1 = 1e-4, c2 = 0.9;

/* Minimum of the cubic through two points and their slopes, within [lo, hi]; the middle where there is none. Near a
 * value that is not finite: a tenth of the way from the good end. */
static double cubic(nscl_point a, nscl_point b, double lo, double hi)
{
    if (!isfinite(a.f) || !isfinite(b.f) || !isfinite(a.slope) || !isfinite(b.slope)) {
        double good = isfinite(a.f) ? a.t : b.t, bad = isfinite(a.f) ? b.t : a.t;
        return good + 0.1 * (bad - good);
    }
    if (a.t > b.t) {
        nscl_point swap = a;
        a = b;
        b = swap;
    }
    double d1 = a.slope + b.slope - 3 * (a.f - b.f) / (a.t - b.t), square = d1 * d1 - a.slope * b.slope;
    if (square >= 0) {
        double d2 = sqrt(square), t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2));
        if (isfinite(t))
            return fmin(fmax(t, lo), hi);
    }
    return (lo + hi) / 2;
}

/* Not finite counts as too high. */
static int too_high(nscl_point p, nscl_point start)
{
    return !isfinite(p.f) || p.f > start.f + c1 * p.t * start.slope;
}

static int flat_enough(nscl_point p, nscl_point start)
{
    return fabs(p.slope) <= -c2 * start.slope;
}

/* Algorithm 3.6: `low` is the lowest point so far, the other end of the bracket is `high`. */
static nscl_point zoom(nscl_point start, nscl_point low, nscl_point high, int trials, nscl_trial_fn trial, void *user, int *not_finite)
{
    int slow = 0;
    while (trials++ < MOST_TRIALS) {
        double lo = fmin(low.t, high.t), hi = fmax(low.t, high.t), margin = 0.1 * (hi - lo);
        if (hi - lo <= 1e-12 * hi)
            break;
        double t = cubic(low, high, lo, hi);
        /* Twice in a row close to an end, or at it: step a tenth inside, so that the bracket shrinks. */
        if (fmin(hi - t, t - lo) < margin && isfinite(high.f)) {
            if (slow || t >= hi || t <= lo) {
                t = fabs(t - hi) < fabs(t - lo) ? hi - margin : lo + margin;
                slow = 0;
            } else
                slow = 1;
        } else
            slow = 0;
        nscl_point p = {t, INFINITY, 0, -1};
        int keep[2] = {start.gradient, low.gradient};
        int go_on = trial(user, t, keep, &p);
        *not_finite |= go_on && !isfinite(p.f);
        if (too_high(p, start) || p.f >= low.f) {
            high = p;
            if (high.f < low.f) {
                nscl_point swap = low;
                low = high;
                high = swap;
            }
        } else {
            if (flat_enough(p, start))
                return p;
            if (p.slope * (high.t - low.t) >= 0)
                high = low;
            low = p;
        }
        if (!go_on)
            break;
    }
    return low;
}

nscl_point nscl_wolfe_search(nscl_point start, nscl_point first, nscl_trial_fn trial, void *user, int *not_finite)
{
    nscl_point previous = start, p = first;
    *not_finite |= !isfinite(p.f);
    for (int trials = 0; trials < MOST_TRIALS; trials++) {
        if (too_high(p, start) || (trials > 1 && p.f >= previous.f) || (!flat_enough(p, start) && p.slope >= 0)) {
            int new_low = isfinite(p.f) && p.f < previous.f;
            return zoom(start, new_low ? p : previous, new_low ? previous : p, trials, trial, user, not_finite);
        }
        if (flat_enough(p, start))
            return p;
        double t = cubic(previous, p, p.t + 0.01 * (p.t - previous.t), p.t * 10);
        nscl_point next = {t, INFINITY, 0, -1};
        int keep[2] = {start.gradient, p.gradient};
        int go_on = trial(user, t, keep, &next);
        *not_finite |= go_on && !isfinite(next.f);
        previous = p;
        p = next;
        if (!go_on)
            break;
    }
    return isfinite(p.f) && p.f < previous.f ? p : previous;
}
