//! Why this exists: every measurement prints its rounds the same way, both sides and the ratio, and ends with the median.

use std::time::Duration;

/// The middle of what was measured; of two middles the higher.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Rounds of one comparison.
pub struct Rounds {
    name: String,
    ours: Vec<f64>,
    beside: Vec<f64>,
}

impl Rounds {
    pub fn new(name: impl Into<String>) -> Self {
        Rounds { name: name.into(), ours: Vec::new(), beside: Vec::new() }
    }

    /// Adds a round and prints it.
    pub fn add(&mut self, ours: Duration, beside: Duration) {
        let (ours, beside) = (ours.as_secs_f64() * 1e3, beside.as_secs_f64() * 1e3);
        self.ours.push(ours);
        self.beside.push(beside);
        println!("{} round {}: {ours:.2} ms, limit {beside:.2} ms, ratio {:.2}", self.name, self.ours.len(), ours / beside);
    }

    /// Median of our side, milliseconds.
    pub fn ours(&self) -> f64 {
        median(&self.ours)
    }

    /// Median of the limit, milliseconds.
    pub fn beside(&self) -> f64 {
        median(&self.beside)
    }

    /// Median of the rounds' ratios.
    pub fn ratio(&self) -> f64 {
        let ratios: Vec<f64> = self.ours.iter().zip(&self.beside).map(|(ours, beside)| ours / beside).collect();
        median(&ratios)
    }
}

/// The last line of a comparison.
pub fn verdict(name: &str, figure: f64, bar: f64, unit: &str) {
    let word = if figure <= bar { "within" } else { "OVER" };
    println!("{name}: median {figure:.2}{unit}, {word} the bar of {bar}{unit}");
}

/// The last line of a comparison in which more is better.
pub fn verdict_at_least(name: &str, figure: f64, bar: f64, unit: &str) {
    let word = if figure >= bar { "reaches" } else { "UNDER" };
    println!("{name}: median {figure:.2}{unit}, {word} the bar of {bar}{unit}");
}

/// How a cost per node changed from the small to the large fleet.
pub fn growth(name: &str, unit: &str, (small, per_small): (usize, f64), (large, per_large): (usize, f64)) {
    println!(
        "{name}: {per_small:.3} {unit} a node with {small}, {per_large:.3} {unit} a node with {large}: {:.2} times",
        per_large / per_small
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_ratios_is_not_the_ratio_of_medians() {
        let mut rounds = Rounds::new("test");
        for (ours, beside) in [(10, 10), (40, 20), (90, 30)] {
            rounds.add(Duration::from_millis(ours), Duration::from_millis(beside));
        }
        assert_eq!((rounds.ours(), rounds.beside(), rounds.ratio()), (40.0, 20.0, 2.0));
        assert!(median(&[]).is_nan());
    }
}
