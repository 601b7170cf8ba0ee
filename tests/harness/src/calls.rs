//! The calls of functions to their table, in IAM's terms.

use serde_json::Value;

/// One access to one partition, as a policy allows or denies it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The calling function.
    pub function: String,
    /// The action without its prefix, such as `GetItem`. Parts of a transaction count as the actions they are.
    pub action: String,
    /// The index of a query, if it uses one.
    pub index: Option<String>,
    /// The partition key of the index, or of the table if there is none.
    pub partition: String,
}

/// All accesses of one call.
pub(crate) fn of(function: &str, operation: &str, body: &[u8]) -> Vec<Access> {
    let call: Value = serde_json::from_slice(body).unwrap();
    let access = |action: &str, key: &Value| Access {
        function: function.to_owned(),
        action: action.to_owned(),
        index: None,
        partition: key["pk"]["S"].as_str().unwrap().to_owned(),
    };
    match operation {
        "GetItem" | "UpdateItem" | "DeleteItem" => vec![access(operation, &call["Key"])],
        "PutItem" => vec![access(operation, &call["Item"])],
        "BatchGetItem" => {
            let tables = call["RequestItems"].as_object().unwrap().values();
            let keys = tables.flat_map(|table| table["Keys"].as_array().unwrap());
            keys.map(|key| access(operation, key)).collect()
        }
        "TransactGetItems" => {
            let gets = call["TransactItems"].as_array().unwrap();
            gets.iter().map(|part| access("GetItem", &part["Get"]["Key"])).collect()
        }
        "TransactWriteItems" => {
            let parts = call["TransactItems"].as_array().unwrap().iter();
            let parts = parts.flat_map(|part| part.as_object().unwrap());
            let part = |(kind, part): (&String, &Value)| match kind.as_str() {
                "ConditionCheck" => access("ConditionCheckItem", &part["Key"]),
                "Put" => access("PutItem", &part["Item"]),
                kind => access(&format!("{kind}Item"), &part["Key"]),
            };
            parts.map(part).collect()
        }
        "Query" => {
            let values = &call["ExpressionAttributeValues"];
            let partition = values[":partition"]["S"].as_str().unwrap().to_owned();
            let index = call["IndexName"].as_str().map(str::to_owned);
            vec![Access { function: function.to_owned(), action: operation.to_owned(), index, partition }]
        }
        other => panic!("the accesses of {other} are unknown"),
    }
}
