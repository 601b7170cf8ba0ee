//! Creates the table of `infra/template.yaml` in the embedded DynamoDB, with the keys, indexes, stream and TTL of the
//! deployed one.

use std::collections::BTreeMap;

use dynoxide::actions::create_table::{CreateTableRequest, StreamSpecification};
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::update_time_to_live::{TimeToLiveSpecification, UpdateTimeToLiveRequest};
use dynoxide::types::{AttributeDefinition, GlobalSecondaryIndex, KeySchemaElement, Projection};
use dynoxide::{Database, DynoxideError};
use serde::Deserialize;
use serde_json::Value;

const TEMPLATE: &str = include_str!("../../template.yaml");
const RESOURCE: &str = "Table";
const RESOURCE_TYPE: &str = "AWS::DynamoDB::Table";

/// The CloudFormation properties of the table that affect stored items and reads.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TableDefinition {
    billing_mode: String,
    attribute_definitions: Vec<AttributeDefinition>,
    key_schema: Vec<KeySchemaElement>,
    global_secondary_indexes: Vec<GlobalSecondaryIndex>,
    stream_specification: StreamView,
    time_to_live_specification: TimeToLive,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StreamView {
    stream_view_type: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TimeToLive {
    attribute_name: String,
    enabled: bool,
}

/// Why the template has no usable table.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It is not YAML.
    #[error("infra/template.yaml is not valid YAML: {0}")]
    NotYaml(#[from] serde_saphyr::Error),
    /// The table lacks a property that the local stack needs.
    #[error("infra/template.yaml does not define the table as the local stack needs it: {0}")]
    Incomplete(#[from] serde_json::Error),
    /// It has no table with the expected name.
    #[error("infra/template.yaml has no resource `{RESOURCE}` of type {RESOURCE_TYPE}")]
    Missing,
}

/// Why the table cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// A table exists with other keys or indexes.
    #[error("the data directory was created by another version: delete it or use another --data-dir")]
    OtherVersion,
    /// The emulator rejected a call.
    #[error("the embedded DynamoDB rejected the table: {0}")]
    Rejected(#[from] DynoxideError),
}

/// The table of the template that this program was built with.
///
/// # Errors
///
/// See [`TemplateError`].
pub fn definition() -> Result<TableDefinition, TemplateError> {
    TableDefinition::from_template(TEMPLATE)
}

/// The template is YAML 1.2, where `on` and `yes` are texts. Tags are dropped: `!Ref Bus` reads as `Bus`.
fn yaml_options() -> serde_saphyr::Options {
    serde_saphyr::options! { strict_booleans: true }
}

impl TableDefinition {
    fn from_template(yaml: &str) -> Result<Self, TemplateError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Template {
            resources: BTreeMap<String, Value>,
        }

        let mut template: Template = serde_saphyr::from_str_with_options(yaml, yaml_options())?;
        let table = template.resources.remove(RESOURCE).ok_or(TemplateError::Missing)?;
        if table.get("Type").and_then(Value::as_str) != Some(RESOURCE_TYPE) {
            return Err(TemplateError::Missing);
        }
        let properties = table.get("Properties").cloned().unwrap_or_default();
        Ok(serde_json::from_value(properties)?)
    }

    /// Creates the table with its indexes, stream and TTL. An existing table stays as it is.
    ///
    /// # Errors
    ///
    /// See [`TableError`].
    pub fn create(&self, database: &Database, table_name: &str) -> Result<(), TableError> {
        let described = DescribeTableRequest { table_name: table_name.to_owned() };
        match database.describe_table(described) {
            Ok(existing) => {
                let existing = existing.table;
                let indexes = existing.global_secondary_indexes.iter().flatten();
                let indexes = indexes.map(|index| (&*index.index_name, (&*index.key_schema, &index.projection)));
                let found = Layout { key: &existing.key_schema, indexes: indexes.collect() };
                if found != self.layout() {
                    return Err(TableError::OtherVersion);
                }
            }
            Err(DynoxideError::ResourceNotFoundException(_)) => {
                database.create_table(self.create_request(table_name))?;
            }
            Err(error) => return Err(error.into()),
        }
        database.update_time_to_live(UpdateTimeToLiveRequest {
            table_name: table_name.to_owned(),
            time_to_live_specification: TimeToLiveSpecification {
                attribute_name: self.time_to_live_specification.attribute_name.clone(),
                enabled: self.time_to_live_specification.enabled,
            },
        })?;
        Ok(())
    }

    fn create_request(&self, table_name: &str) -> CreateTableRequest {
        CreateTableRequest {
            table_name: table_name.to_owned(),
            billing_mode: Some(self.billing_mode.clone()),
            attribute_definitions: self.attribute_definitions.clone(),
            key_schema: self.key_schema.clone(),
            global_secondary_indexes: Some(self.global_secondary_indexes.clone()),
            // CloudFormation enables the stream implicitly, the API requires a flag.
            stream_specification: Some(StreamSpecification {
                stream_enabled: true,
                stream_view_type: Some(self.stream_specification.stream_view_type.clone()),
            }),
            ..CreateTableRequest::default()
        }
    }

    fn layout(&self) -> Layout<'_> {
        let indexes = self.global_secondary_indexes.iter();
        let indexes = indexes.map(|index| (&*index.index_name, (&*index.key_schema, &index.projection)));
        Layout { key: &self.key_schema, indexes: indexes.collect() }
    }
}

/// The properties that an existing table cannot change.
#[derive(PartialEq)]
struct Layout<'a> {
    key: &'a [KeySchemaElement],
    indexes: BTreeMap<&'a str, (&'a [KeySchemaElement], &'a Projection)>,
}

#[cfg(test)]
mod tests {
    use dynoxide::actions::describe_time_to_live::DescribeTimeToLiveRequest;

    use super::*;

    fn described(database: &Database) -> dynoxide::actions::TableDescription {
        database.describe_table(DescribeTableRequest { table_name: "stockroom".to_owned() }).unwrap().table
    }

    #[test]
    fn create_twice_makes_one_table() {
        let database = Database::memory().unwrap();
        let definition = definition().unwrap();
        definition.create(&database, "stockroom").unwrap();
        let first = described(&database);
        definition.create(&database, "stockroom").unwrap();

        assert_eq!(described(&database).table_id, first.table_id);
        assert_eq!(first.global_secondary_indexes.unwrap().len(), 2);
        assert_eq!(first.billing_mode_summary.unwrap().billing_mode, "PAY_PER_REQUEST");
        let stream = first.stream_specification.unwrap();
        assert_eq!((stream.stream_enabled, stream.stream_view_type.as_deref()), (true, Some("NEW_AND_OLD_IMAGES")));
        let request = DescribeTimeToLiveRequest { table_name: "stockroom".to_owned() };
        let ttl = database.describe_time_to_live(request).unwrap().time_to_live_description;
        assert_eq!(ttl.attribute_name.as_deref(), Some("expires_at"));
    }

    #[test]
    fn create_over_another_index_is_other_version() {
        let definition = definition().unwrap();
        let mut older = definition.clone();
        older.global_secondary_indexes.get_mut(0).unwrap().projection.non_key_attributes =
            Some(vec!["other".to_owned()]);
        let database = Database::memory().unwrap();
        older.create(&database, "stockroom").unwrap();

        let refused = definition.create(&database, "stockroom").unwrap_err();
        assert!(matches!(refused, TableError::OtherVersion), "{refused}");
    }

    #[test]
    fn definition_from_a_template_with_tags_is_the_same() {
        let resources = "Metadata: !Sub 'x-${AWS::Region}'\nResources:\n  Other:\n    Type: Custom::Thing\n    \
            Condition: !Equals [!Ref A, b]\n    Properties: !If [X, { Arn: !GetAtt Table.Arn }, !Ref AWS::NoValue]";
        let properties = "      TableName: !Sub '${AWS::StackName}-table'\n      \
            Tags: [{ Key: a, Value: !Ref AWS::StackName }]\n      BillingMode:";
        let tagged = TEMPLATE.replacen("Resources:", resources, 1).replacen("      BillingMode:", properties, 1);

        assert_eq!(TableDefinition::from_template(&tagged).unwrap(), definition().unwrap());
    }
}
