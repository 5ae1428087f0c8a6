//! A hub on an empty database, called in process as its administrator.

use qd_hub::{Hub, HubConfig};
use qd_model::{ApiError, Operation};
use qd_store::testing::TestDatabase;
use serde_json::Value;

/// An open hub; its files and its database go with it.
pub struct TestHub {
    pub hub: Hub,
    _directory: tempfile::TempDir,
    _database: TestDatabase,
}

impl TestHub {
    pub async fn open(database: TestDatabase) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = HubConfig { store: database.location().clone(), ..HubConfig::embedded(directory.path()) };
        let hub = Hub::open(config).await.unwrap();
        Self { hub, _directory: directory, _database: database }
    }

    pub async fn call(&self, operation: Operation, input: Value) -> Result<Value, ApiError> {
        self.hub.call(&self.hub.administrator(), operation, input).await
    }

    /// The answer of a call that must succeed.
    pub async fn ok(&self, operation: Operation, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    /// The code of a call that must be refused.
    pub async fn refused(&self, operation: Operation, input: Value) -> String {
        match self.call(operation, input).await {
            Ok(answer) => panic!("{operation} was not refused: {answer}"),
            Err(error) => error.code.into_owned(),
        }
    }

    /// Every item of a paginated list, page by page, and how many pages there were.
    pub async fn pages(&self, operation: Operation, input: Value, list: &str) -> (Vec<Value>, usize) {
        let (mut items, mut pages, mut input) = (Vec::new(), 0, input);
        loop {
            let mut answer = self.ok(operation, input.clone()).await;
            items.extend(answer[list].take().as_array().cloned().unwrap_or_default());
            pages += 1;
            match answer.get("NextToken") {
                Some(token) => input["NextToken"] = token.clone(),
                None => return (items, pages),
            }
        }
    }
}
